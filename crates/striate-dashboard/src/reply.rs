//! Answers: JSON, arrays, files and refusals.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use striate_base::{Classified, ErrorClass};

/// Length of each axis of an array, as `75,36,64`.
const SHAPE: HeaderName = HeaderName::from_static("x-shape");

/// Type of an array's values.
const TYPE: HeaderName = HeaderName::from_static("x-type");

/// Why there is no answer: a status and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// There is no such thing.
    pub(crate) fn no(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// A request that means nothing.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Something went wrong here.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// A file that is not as it should be.
    pub(crate) fn unusable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }
}

/// What stands beside an answer because it could not be read.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// What was found; what is not there is no problem, what is there and of no use is one.
    pub(crate) fn note<T>(&mut self, found: Result<T, Refusal>) -> Option<T> {
        match found {
            Ok(found) => return Some(found),
            Err(refusal) if refusal.status == StatusCode::NOT_FOUND => {}
            Err(refusal) => self.0.push(refusal.message),
        }
        None
    }
}

impl<E: Classified> From<E> for Refusal {
    fn from(error: E) -> Self {
        match error.class() {
            ErrorClass::InputData | ErrorClass::Usage => Self::unusable(error.to_string()),
            _ => Self::failed(error.to_string()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let mut response = json(&serde_json::json!({"error": self.message}));
        *response.status_mut() = self.status;
        response
    }
}

impl From<Refusal> for Box<Response<Body>> {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.into_response())
    }
}

/// `value` as JSON; numbers that are not finite are null.
pub(crate) fn json(value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(text) => with_type(text, "application/json"),
        Err(error) => Refusal::failed(error.to_string()).into_response(),
    }
}

/// Text that is JSON already.
pub(crate) fn json_text(text: Vec<u8>) -> Response<Body> {
    with_type(text, "application/json")
}

/// Values of 32 bits, little-endian.
pub(crate) fn floats(shape: &[usize], values: &[f32]) -> Response<Body> {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    array(shape, "f32", bytes)
}

/// Bytes, stretched over `ranges` of values where they stand for those.
pub(crate) fn bytes(
    shape: &[usize],
    values: Vec<u8>,
    headers: &[(&'static str, String)],
) -> Response<Body> {
    let mut response = array(shape, "u8", values);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn array(shape: &[usize], of: &'static str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = with_type(bytes, "application/octet-stream");
    let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if let Ok(shape) = HeaderValue::from_str(&shape.join(",")) {
        response.headers_mut().insert(SHAPE, shape);
    }
    response.headers_mut().insert(TYPE, HeaderValue::from_static(of));
    response
}

/// A file that somebody made: never shown as a page of ours.
pub(crate) fn attachment(bytes: Vec<u8>, name: &str, media_type: &'static str) -> Response<Body> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let mut response = with_type(bytes, media_type);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// A body with its type.
pub(crate) fn with_type(bytes: Vec<u8>, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
