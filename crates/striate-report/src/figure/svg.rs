//! Writing SVG by hand: numbers, escapes, data URIs.

use std::fmt::Write;

/// `text` with everything escaped that HTML or XML could take for markup; control characters that
/// XML forbids become spaces.
///
/// ```
/// assert_eq!(striate_report::figure::escape("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
/// ```
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `bytes` in base 64 with padding (RFC 4648, section 4).
///
/// ```
/// assert_eq!(striate_report::figure::base64(b"fooba"), "Zm9vYmE=");
/// ```
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// A PNG as a URI that stands for itself.
pub fn data_uri_png(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(png))
}

/// An SVG document as a URI that stands for itself.
pub fn data_uri_svg(svg: &str) -> String {
    format!("data:image/svg+xml;base64,{}", base64(svg.as_bytes()))
}

/// A number in at most two decimals, without trailing zeros.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// The SVG being written.
#[derive(Default)]
pub(super) struct Canvas {
    pub(super) out: String,
}

/// Where a text is anchored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct TextStyle<'a> {
    pub(super) size: f64,
    pub(super) colour: &'a str,
    pub(super) anchor: Anchor,
    pub(super) bold: bool,
    pub(super) rotated: bool,
}

impl Canvas {
    pub(super) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// An element without children; values must not need escaping.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.open(name, attributes);
        self.out.truncate(self.out.len() - 1);
        self.out.push_str("/>");
    }

    /// An opening tag.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            let _ = write!(self.out, " {key}=\"{value}\"");
        }
        self.out.push('>');
    }

    pub(super) fn line(&mut self, from: [f64; 2], to: [f64; 2], stroke: &[(&str, &str)]) {
        let ends = [number(from[0]), number(from[1]), number(to[0]), number(to[1])];
        let mut attributes =
            vec![("x1", &*ends[0]), ("y1", &*ends[1]), ("x2", &*ends[2]), ("y2", &*ends[3])];
        attributes.extend_from_slice(stroke);
        self.element("line", &attributes);
    }

    pub(super) fn text(&mut self, at: [f64; 2], text: &str, style: TextStyle<'_>) {
        let (x, y) = (number(at[0]), number(at[1]));
        let size = number(style.size);
        let turn = format!("rotate(-90 {x} {y})");
        let mut attributes =
            vec![("x", &*x), ("y", &*y), ("font-size", &*size), ("fill", style.colour)];
        match style.anchor {
            Anchor::Start => {}
            Anchor::Middle => attributes.push(("text-anchor", "middle")),
            Anchor::End => attributes.push(("text-anchor", "end")),
        }
        if style.bold {
            attributes.push(("font-weight", "600"));
        }
        if style.rotated {
            attributes.push(("transform", &turn));
        }
        self.open("text", &attributes);
        self.raw(&escape(text));
        self.raw("</text>");
    }
}

/// About how wide a text is, in pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.56
}
