//! Who is let in: requests for names of this machine, by the page itself, with the token.
//!
//! | attack | answer |
//! | --- | --- |
//! | another machine connects | the server listens at the loopback address alone, unless told otherwise |
//! | another user of this machine connects | the token, 256 bits |
//! | a page elsewhere makes the browser connect through a name of its own (DNS rebinding) | `Host` must be a name of this machine or an allowed one |
//! | a page elsewhere, or at another port, opens a WebSocket or asks for data | `Origin` and `Sec-Fetch-Site` must be the page's own; the cookie is `SameSite=Strict` |
//! | a page elsewhere shows ours in a frame | `frame-ancestors 'none'` |
//! | a name in the files is a script | `Content-Security-Policy`, without inline scripts |
//!
//! The rules are those of Jupyter Server (`check_host`, `check_origin`) with refusal as the default.

pub(crate) mod headers;
mod host;
#[cfg(test)]
mod tests;
mod token;

use axum::body::Body;
use axum::http::header::{
    ALLOW, CONTENT_LENGTH, COOKIE, HOST, HeaderName, LOCATION, ORIGIN, SET_COOKIE, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use axum::response::IntoResponse;

use crate::reply::Refusal;
pub(crate) use host::Hosts;
pub(crate) use token::Token;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A request that was let in, or the answer to one that was not.
type Admission<B> = Result<Request<B>, Box<Response<Body>>>;

/// Bytes of a request's body.
const LARGEST_BODY: u64 = 1 << 20;

/// The door.
#[derive(Debug)]
pub(crate) struct Guard {
    token: Token,
    hosts: Hosts,
    base_path: String,
}

impl Guard {
    pub(crate) fn new(token: Token, hosts: Hosts, base_path: String) -> Self {
        Self { token, hosts, base_path }
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Let a request in, its path made relative to the base, or say what to answer instead.
    pub(crate) fn admit<B>(&self, mut request: Request<B>) -> Admission<B> {
        self.check_source(&request)?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Box::new(read_only()));
        }
        if request.headers().get_all(CONTENT_LENGTH).iter().any(is_large) {
            let message = "requests have no bodies here";
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message).into());
        }
        if let Some(location) = self.missing_slash(request.uri()) {
            return Err(Box::new(redirect(StatusCode::PERMANENT_REDIRECT, &location)));
        }
        self.strip_base(&mut request)?;
        let has_cookie = self.token.is_in_cookies(request.headers().get_all(COOKIE));
        let is_front = request.uri().path() == "/";
        if let Some(given) = query_token(request.uri()).filter(|_| is_front) {
            return Err(Box::new(self.enter(given, has_cookie)));
        }
        if has_cookie {
            return Ok(request);
        }
        let message = "the token is missing: open the address that `striate serve` printed";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, message).into())
    }

    /// Refuse what does not come from a page of ours, or comes under a name that is not ours.
    fn check_source<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = only(headers, &HOST).filter(|host| self.hosts.is_allowed(host));
        let Some(host) = host else {
            return Err(forbidden(
                "the name in the address is not one of this machine: use localhost, or allow the name \
                 with --allow-host",
            ));
        };
        if request.uri().authority().is_some_and(|authority| authority.as_str() != host) {
            return Err(forbidden("the address and the header Host differ"));
        }
        let is_upgrade = headers.contains_key(UPGRADE);
        let is_from_elsewhere = match headers.get_all(ORIGIN).iter().count() {
            0 => is_upgrade,
            _ => !only(headers, &ORIGIN).is_some_and(|origin| self.hosts.is_origin(origin, host)),
        };
        if is_from_elsewhere || is_fetched_elsewhere(headers) {
            return Err(forbidden("the request comes from a page of another origin"));
        }
        Ok(())
    }

    /// Where to go from the base path without its last slash.
    fn missing_slash(&self, uri: &Uri) -> Option<String> {
        if self.base_path.is_empty() || uri.path() != self.base_path {
            return None;
        }
        let last = self.base_path.rsplit('/').next()?;
        let query = uri.query().map_or(String::new(), |query| format!("?{query}"));
        Some(format!("{last}/{query}"))
    }

    /// Take the base path off, where a proxy left it on.
    fn strip_base<B>(&self, request: &mut Request<B>) -> Result<(), Refusal> {
        let path = request.uri().path();
        let rest =
            if self.base_path.is_empty() { None } else { path.strip_prefix(&self.base_path) };
        let rest = rest.filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let query = request.uri().query().map_or(String::new(), |query| format!("?{query}"));
        let uri: Result<Uri, _> = format!("{rest}{query}").parse();
        *request.uri_mut() = uri.map_err(|_| Refusal::no("page"))?;
        Ok(())
    }

    /// The first visit: from the address into a cookie.
    fn enter(&self, given: &str, has_cookie: bool) -> Response<Body> {
        if !self.token.is(given) {
            if has_cookie {
                return redirect(StatusCode::SEE_OTHER, "./");
            }
            let message = "the token is wrong: open the address that `striate serve` printed";
            return forbidden(message).into_response();
        }
        let mut response = redirect(StatusCode::SEE_OTHER, "./");
        response.headers_mut().insert(SET_COOKIE, self.token.cookie());
        response
    }
}

/// Whether a body is announced that is longer than anybody needs. None is read in any case.
fn is_large(length: &HeaderValue) -> bool {
    let length = length.to_str().ok().and_then(|length| length.parse::<u64>().ok());
    length.is_none_or(|length| length > LARGEST_BODY)
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether the browser says that a page of another origin asks, and not the user.
fn is_fetched_elsewhere(headers: &HeaderMap) -> bool {
    let is_other = |site: &HeaderValue| site != "same-origin" && site != "none";
    let is_other = headers.get_all(SEC_FETCH_SITE).iter().any(is_other);
    is_other && only(headers, &SEC_FETCH_MODE) != Some("navigate")
}

fn query_token(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

fn forbidden(message: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, message)
}

fn read_only() -> Response<Body> {
    let refusal =
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "the dashboard only shows: GET and HEAD");
    let mut response = refusal.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn redirect(status: StatusCode, location: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
