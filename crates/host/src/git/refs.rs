//! Refs: moved only from where they were expected.

use super::GitRepository;
use super::command::failure;
use coordinate_engine::port::RepositoryError;
use coordinate_model::ids::Oid;

impl GitRepository {
    /// Guards against two writers of one ref, and against repeating after a crash: a ref that is at `new` already is
    /// success, one that is elsewhere than at `old` is `RefMoved`.
    pub(super) fn update_ref(&self, reference: &str, new: &Oid, old: Option<&Oid>) -> Result<(), RepositoryError> {
        let action = format!("move the ref `{reference}`");
        check_name(&action, reference)?;
        // The empty old value means: it must not exist.
        let expected = old.map_or("", Oid::as_str);
        let call = self.call(&action).args(["update-ref", "-m", "coordinate", reference, new.as_str(), expected]);
        let Err(refused) = call.run() else { return Ok(()) };
        let found = self.ref_value(reference)?;
        if found.as_ref() == Some(new) {
            return Ok(());
        }
        if found.as_ref() == old {
            return Err(refused);
        }
        let name = |oid: Option<&Oid>| oid.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        Err(RepositoryError::RefMoved {
            reference: reference.to_owned(),
            expected: name(old),
            found: name(found.as_ref()),
        })
    }

    /// The object that a ref points at, of whatever type.
    pub(super) fn ref_value(&self, reference: &str) -> Result<Option<Oid>, RepositoryError> {
        self.find_object(reference)
    }

    pub(super) fn remove_ref(&self, reference: &str) -> Result<(), RepositoryError> {
        let action = format!("delete the ref `{reference}`");
        check_name(&action, reference)?;
        self.call(&action).args(["update-ref", "-d", reference]).run().map(drop)
    }

    pub(super) fn list_refs(&self, prefix: &str) -> Result<Vec<(String, Oid)>, RepositoryError> {
        let action = format!("list the refs under `{prefix}`");
        let prefix = prefix.trim_end_matches('/');
        let call = self.call(&action).args(["for-each-ref", "--format=%(objectname) %(refname)", "--", prefix]);
        let mut refs = Vec::new();
        for line in call.text()?.lines() {
            let (oid, name) = line.split_once(' ').ok_or_else(|| failure(&action, format!("git answered `{line}`")))?;
            refs.push((name.to_owned(), oid.parse().map_err(|error| failure(&action, format!("{error}")))?));
        }
        Ok(refs)
    }
}

/// Without this, a name such as `config` would make git write a file of that name into its folder.
fn check_name(action: &str, reference: &str) -> Result<(), RepositoryError> {
    if reference.starts_with("refs/") {
        return Ok(());
    }
    Err(failure(action, "the name of a ref must be whole; begin it with `refs/`"))
}
