//! The page: its files, built into the program.

use std::path::Path;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderValue, Response, StatusCode};

use crate::reply::{Refusal, with_type};

/// Largest file read from a folder of assets.
const LARGEST_FILE: u64 = 16 << 20;

struct Asset {
    /// Path below the base.
    path: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($path:literal, $media_type:literal) => {
        Asset {
            path: $path,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../assets/", $path)),
        }
    };
}

const ASSETS: [Asset; 5] = [
    asset!("index.html", "text/html; charset=utf-8"),
    asset!("app.js", "text/javascript; charset=utf-8"),
    asset!("app.css", "text/css; charset=utf-8"),
    asset!("favicon.svg", "image/svg+xml"),
    asset!("LICENSES.txt", "text/plain; charset=utf-8"),
];

/// The file at `path`, which is compared with the names there are and nothing else. Nothing but its mark is sent to
/// a browser that `has` it.
pub(crate) fn find(
    path: &str,
    has: Option<&HeaderValue>,
    folder: Option<&Path>,
) -> Result<Response<Body>, Refusal> {
    let path = if path.is_empty() { "index.html" } else { path };
    let asset =
        ASSETS.iter().find(|asset| asset.path == path).ok_or_else(|| Refusal::no("page"))?;
    let bytes = match folder {
        None => asset.bytes.to_vec(),
        Some(folder) => crate::library::file::read(&folder.join(asset.path), LARGEST_FILE)?,
    };
    let mark = format!("\"{}\"", &blake3::hash(&bytes).to_hex()[..16]);
    let mark = HeaderValue::from_str(&mark).map_err(|_| Refusal::failed("no mark"))?;
    let mut response = with_type(bytes, asset.media_type);
    if has == Some(&mark) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    response.headers_mut().insert(ETAG, mark);
    // Asked for every time: another version of the program has another page.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
