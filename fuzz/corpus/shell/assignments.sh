# state of a workflow
export TOPIC_PATH="/srv/a b/specs/001_x"
declare -x PLAN='it'\''s one'
COUNT=3
LIST=(a b c)
EMPTY=
TEXT=$'two\nlines\x41'
REF="$TOPIC_PATH/plans"
