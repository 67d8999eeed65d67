//! Words of a request that say nothing about where in a repository its answer lies.

/// Words by what they are: asking, binding, naming the work, naming any program's parts.
const FILLER: &[&str] = &[
    // questions, articles, prepositions, pronouns, auxiliaries, conjunctions
    "a an the this that these those what which who whom whose where when why how whether if then than as of in on at to \
     from by for with without within into onto over under between about across after before during through per via \
     against among around out up down off and or but nor so yet not no only also just all any some each every both \
     either neither other another same such more most less least many much few several own very too is are was were be \
     been being am do does did done doing has have had having can could will would shall should may might must need \
     needs it its they them their there here we us our you your i me my he she his her itself themselves one two three \
     once again still already now instead because while until since though although however like unlike etc vs versus \
     please let lets",
    // what is asked of the one who answers
    "research researching investigate investigation analyze analyse analysis explore examine examining examination \
     explain explanation describe description find finding findings understand understanding look looking study survey \
     review report reports show tell list identify determine decide decides decided figure summarize summarise document \
     documenting carefully thoroughly detail details detailed deep deeply question questions answer answers know want \
     wants make makes made making create creates created creating plan plans planning implementation implement \
     implements implemented implementing add adds adding improve improving improvement fix fixes \
     fixing bug bugs issue issues problem problems best possible currently current existing new good better able way \
     ways thing things work works working worked happen happens happening used use uses using get gets got getting go \
     goes take takes taken taking come comes exactly actually really mean means kind kinds sort code codebase codes \
     repository repo source sources implementation implementations approach approaches handle handles handled \
     handling",
];

/// Words that every repository has: they count little, but `features` may be what a question is about.
const WEAK: &str = "project projects program programs software file files folder folders module modules function \
                    functions method methods class classes part parts place places pattern patterns structure behaviour \
                    behavior feature features support supports supported call calls called order run runs running start \
                    starts started when time first last read reads reading write writes written writing";

/// How much a lower-case word counts.
pub(super) fn weight(word: &str) -> f32 {
    let weak = WEAK.split_whitespace().any(|weak| weak == word);
    // `how are timers stored`: what is done says less than what it is done to.
    let done = word.len() > 4 && word.ends_with("ed");
    if weak || done { 0.6 } else { 1.0 }
}

/// Whether a lower-case word says nothing.
pub(super) fn is_filler(word: &str) -> bool {
    let single = word.chars().count() < 2 || word.bytes().all(|byte| byte.is_ascii_digit());
    single || FILLER.iter().any(|group| group.split_whitespace().any(|one| one == word))
}

/// Whether a lower-case request is about the tests themselves. `how are tests collected` is not.
pub(super) fn names_tests(request: &str) -> bool {
    let about = ["unit test", "test suite", "test coverage", "which tests", "tests for", "tests of", "the tests cover"];
    about.iter().any(|words| request.contains(words))
}

/// Whether a lower-case request is about what is written for people.
pub(super) fn names_docs(request: &str) -> bool {
    let about = ["documentation", "readme", "manual", "the docs", "docs for", "user guide", "changelog", "tutorial"];
    about.iter().any(|words| request.contains(words))
}

/// A request without its fenced blocks: commands are no words about a topic.
pub(super) fn without_blocks(request: &str) -> String {
    let mut inside = false;
    let kept = request.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    kept.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_is_what_any_request_has() {
        assert!(["the", "research", "codebase", "7", "x"].iter().all(|word| is_filler(word)));
        assert!(!["token", "db", "parser", "tests"].iter().any(|word| is_filler(word)));
    }

    #[test]
    fn tests_and_docs_are_asked_for_by_name() {
        assert!(names_tests("write unit tests for the parser") && !names_tests("how are tests collected"));
        assert!(names_docs("update the documentation of flags") && !names_docs("docstring parser"));
    }

    #[test]
    fn blocks_are_left_out() {
        assert_eq!(without_blocks("one\n```sh\ntwo\n```\nthree"), "one\nthree");
    }
}
