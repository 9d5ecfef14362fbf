//! Names of files inside an artifact, and what is wrong with the ones that are refused.
//!
//! A name is a relative path with single slashes. The rules are those of Flux's unpacking
//! (`fluxcd/pkg:tar/untar.go`) and no looser, so that what is packed here can be unpacked there, and what is read
//! here cannot point outside.

/// Why a name cannot be one of a file in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NameProblem {
    /// The empty name.
    #[error("it is empty")]
    Empty,
    /// It begins with a slash.
    #[error("it is absolute")]
    Absolute,
    /// It has a backslash, which is a separator on some systems.
    #[error("it has a backslash")]
    Backslash,
    /// It has a zero byte.
    #[error("it has a zero byte")]
    Nul,
    /// It has a component `..`, or one that ends in it: Flux refuses any name with `../` in it.
    #[error("it leads upwards")]
    Upwards,
    /// It has an empty component or a component `.`.
    #[error("it is not in its shortest form")]
    NotNormal,
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is longer than the reader allows.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
}

/// Checks what holds for every name, written by whomever.
pub(crate) fn check_safe(name: &str) -> Result<(), NameProblem> {
    if name.is_empty() {
        Err(NameProblem::Empty)
    } else if name.starts_with('/') {
        Err(NameProblem::Absolute)
    } else if name.contains('\\') {
        Err(NameProblem::Backslash)
    } else if name.contains('\0') {
        Err(NameProblem::Nul)
    } else if name.contains("../") || name == ".." || name.ends_with("/..") {
        Err(NameProblem::Upwards)
    } else {
        Ok(())
    }
}

/// Checks a name that is about to be packed: it must also be in its only form.
pub(crate) fn check_normal(name: &str) -> Result<(), NameProblem> {
    check_safe(name)?;
    if name.split('/').any(|component| matches!(component, "" | ".")) {
        return Err(NameProblem::NotNormal);
    }
    Ok(())
}

/// Brings a name that was read into its only form. The root, however it is written, is the empty name.
pub(crate) fn normalize(name: &str) -> Result<String, NameProblem> {
    check_safe(name)?;
    let components: Vec<&str> =
        name.split('/').filter(|component| !matches!(*component, "" | ".")).collect();
    Ok(components.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_names_are_refused() {
        use NameProblem::*;
        for (name, problem) in [
            ("", Empty),
            ("/", Absolute),
            ("/etc/passwd", Absolute),
            ("a\\b", Backslash),
            ("a\0b", Nul),
            ("..", Upwards),
            ("../a", Upwards),
            ("a/../b", Upwards),
            ("a/..", Upwards),
            ("a../b", Upwards),
        ] {
            assert_eq!(check_normal(name), Err(problem), "{name:?}");
            assert_eq!(normalize(name), Err(problem), "{name:?}");
        }
        for name in ["a", "..a/b", "a..b", "a/...", "日本/語", "a b", ".hidden"] {
            assert_eq!(check_normal(name), Ok(()), "{name:?}");
            assert_eq!(normalize(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_name_has_one_form() {
        for (name, normal) in
            [(".", ""), ("./", ""), ("./a", "a"), ("a/", "a"), ("a//b/./c", "a/b/c")]
        {
            assert_eq!(check_normal(name), Err(NameProblem::NotNormal), "{name:?}");
            assert_eq!(normalize(name).as_deref(), Ok(normal));
        }
    }
}
