//! The token: drawn at the start, shown once, kept by the browser as a cookie.

use std::fmt;

use axum::http::HeaderValue;
use axum::http::header::GetAll;

use crate::error::ServeError;

/// 256 bits that only the user knows. They are never logged: its `Debug` is silent.
pub(crate) struct Token {
    text: String,
    hash: blake3::Hash,
}

impl Token {
    /// Draw one from the operating system.
    pub(crate) fn draw() -> Result<Self, ServeError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| ServeError::system("draw a token")(std::io::Error::other(error)))?;
        Ok(Self::of(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    fn of(text: String) -> Self {
        let hash = blake3::hash(text.as_bytes());
        Self { text, hash }
    }

    /// For the address that is printed once.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether that is it. Hashes are compared, in constant time, so that the time taken tells nothing.
    pub(crate) fn is(&self, given: &str) -> bool {
        blake3::hash(given.as_bytes()) == self.hash
    }

    /// Whether one of the cookies is it.
    pub(crate) fn is_in_cookies(&self, cookies: GetAll<'_, HeaderValue>) -> bool {
        let name = self.cookie_name();
        let texts = cookies.iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.any(|(key, value)| key.trim() == name && self.is(value.trim()))
    }

    /// The cookie. Without `Path` it is sent to where the page lies and below, whatever a proxy calls that.
    pub(crate) fn cookie(&self) -> HeaderValue {
        let text = format!("{}={}; HttpOnly; SameSite=Strict", self.cookie_name(), self.text);
        let mut value = HeaderValue::from_str(&text).expect("letters and digits");
        value.set_sensitive(true);
        value
    }

    /// Cookies do not know ports: two servers of one machine need two names.
    fn cookie_name(&self) -> String {
        format!("striate-{}", &self.hash.to_hex().as_str()[..8])
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_differ_and_stay_secret() {
        let (a, b) = (Token::draw().unwrap(), Token::draw().unwrap());
        assert_eq!(a.text().len(), 64);
        assert_ne!(a.text(), b.text());
        assert!(a.is(a.text()) && !a.is(b.text()) && !a.is("") && !a.is(&a.text()[..63]));
        assert_eq!(format!("{a:?}"), "Token(secret)");
        assert!(!format!("{:?}", a.cookie()).contains(a.text()));
        assert!(!a.cookie_name().contains(&a.text()[..8]), "the name is public");
    }
}
