//! The classes every library error falls into; faces turn them into exit codes.

/// What kind of failure an error is, independent of where it arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Wrong usage or configuration.
    Usage,
    /// Input data that cannot be used as they are.
    InputData,
    /// Memory, disk or another resource is short.
    Resources,
    /// Stopped on request.
    Interrupted,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// The process exit code of this class.
    ///
    /// ```
    /// assert_eq!(striate_base::ErrorClass::InputData.exit_code(), 3);
    /// ```
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::InputData => 3,
            Self::Resources => 4,
            Self::Interrupted => 130,
            Self::Other => 1,
        }
    }

    /// The class of an operating-system error met while reading or writing a file.
    pub fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        match error.kind() {
            Kind::StorageFull | Kind::OutOfMemory | Kind::QuotaExceeded => Self::Resources,
            Kind::NotFound
            | Kind::PermissionDenied
            | Kind::UnexpectedEof
            | Kind::InvalidData
            | Kind::IsADirectory
            | Kind::NotADirectory => Self::InputData,
            _ => Self::Other,
        }
    }
}

/// An error that knows its class. Every public error type of the libraries implements it.
pub trait Classified: std::error::Error + Send + Sync + 'static {
    /// The class of this error.
    fn class(&self) -> ErrorClass;
}
