//! The credentials file of `up --credentials`: one access key a line, `KEY_ID SECRET [ACCOUNT]`.
//!
//! `#` begins a comment. The file holds secrets: one that others may read is refused, as ssh does with its keys.

use crate::failure::{Exit, Failure};
use frontend::{Credential, Credentials};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use types::AccountId;

/// Thousands of keys.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads and checks the file.
pub(crate) fn read(path: &Path) -> Result<Credentials, Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Host, format!("the credentials file {shown} can not be read: {error}"))
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(Failure::new(Exit::Host, format!("the credentials file {shown} is open to others (mode {mode:o})"))
            .advise(format!("chmod 600 {shown}")));
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    parse(&text).map_err(|(line, reason)| {
        Failure::new(Exit::Host, format!("{shown}, line {line}: {reason}"))
            .advise("write one key a line: KEY_ID SECRET [ACCOUNT]")
    })
}

/// The number of a bad line, from 1, and what is wrong with it; never the line itself.
fn parse(text: &str) -> Result<Credentials, (usize, String)> {
    let mut credentials = Credentials::new();
    for (idx, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |reason: &str| Err((idx + 1, reason.to_owned()));
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (key_id, secret, account) = match fields.as_slice() {
            [key_id, secret] => (*key_id, *secret, None),
            [key_id, secret, account] => (*key_id, *secret, Some(*account)),
            [_] => return bad("the secret is missing"),
            _ => return bad("there are more than three words"),
        };
        let in_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+=.@".contains(&byte);
        if key_id.len() > 128 || !key_id.bytes().all(in_key) {
            return bad("an access key id has at most 128 letters, digits and -_+=.@");
        }
        let is_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if account.is_some_and(|account| !is_account(account)) {
            return bad("an account id has 12 digits");
        }
        let credential = Credential {
            secret_access_key: secret.to_owned(),
            session_token: None,
            account: account.map(AccountId::new),
        };
        if credentials.insert(key_id.to_owned(), credential).is_some() {
            return bad("this access key id is there twice");
        }
    }
    if credentials.is_empty() {
        return Err((1, "there is no key in the file".to_owned()));
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_read_with_and_without_an_account() {
        let read = parse("# ours\n\nalice s3cret/+=\n  bob  other 123456789012 \n").unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read["alice"].secret_access_key, "s3cret/+=");
        assert_eq!(read["alice"].account, None);
        assert_eq!(read["bob"].account, Some(AccountId::new("123456789012")));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_never_shown() {
        for (text, line) in [
            ("", 1),
            ("# nothing\n", 1),
            ("alice", 1),
            ("a s\nbob secret 12", 2),
            ("a s\na t\n", 2),
            ("a b 123456789012 c", 1),
            ("al!ce secret", 1),
        ] {
            let (at, reason) = parse(text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(!reason.contains("secret "), "{reason}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_command_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        std::fs::write(&file, "alice secret\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let failure = read(&file).unwrap_err();
        assert!(failure.advice.unwrap().starts_with("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&file).unwrap().len(), 1);
    }
}
