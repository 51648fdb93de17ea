//! The HTML being written: sections, tables, figures.

use std::fmt::Write;

use crate::figure::{Plot, data_uri_svg, escape};

const STYLE: &str = include_str!("page.css");

/// A page under construction.
pub(crate) struct Page {
    out: String,
}

impl Page {
    pub(crate) fn new(title: &str) -> Self {
        let title = escape(title);
        let out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} \u{2013} Striate report</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<header><p class=\"kind\">Striate report</p><h1>{title}</h1></header>\n"
        );
        Self { out }
    }

    pub(crate) fn finish(mut self) -> String {
        self.out.push_str("</main>\n</body>\n</html>\n");
        self.out
    }

    /// Markup as it is.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// A heading with a sentence on what is shown under it.
    pub(crate) fn section(&mut self, heading: &str, lead: &str) {
        let _ = writeln!(self.out, "<h2>{}</h2>", escape(heading));
        self.paragraph(lead);
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(self.out, "<p>{}</p>", escape(text));
        }
    }

    /// A heading within a section.
    pub(crate) fn heading(&mut self, heading: &str) {
        let _ = writeln!(self.out, "<h3>{}</h3>", escape(heading));
    }

    /// A heading within what stands under a [`Page::heading`].
    pub(crate) fn subheading(&mut self, heading: &str) {
        let _ = writeln!(self.out, "<h4>{}</h4>", escape(heading));
    }

    /// A table of texts; the first `n_words` columns are words, the others numbers.
    pub(crate) fn table(&mut self, (n_words, header): (usize, &[&str]), rows: &[Vec<String>]) {
        self.out.push_str("<table>\n");
        let mut row = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
            self.out.push_str("<tr>");
            for (column, cell) in cells.enumerate() {
                let class = if column < n_words { " class=\"text\"" } else { "" };
                let _ = write!(self.out, "<{tag}{class}>{}</{tag}>", escape(cell));
            }
            self.out.push_str("</tr>\n");
        };
        row("th", &mut header.iter().copied());
        for cells in rows {
            row("td", &mut cells.iter().map(String::as_str));
        }
        self.out.push_str("</table>\n");
    }

    /// Figures side by side as far as they fit, each a picture that can be saved on its own.
    pub(crate) fn figures(&mut self, figures: &[(Plot, String)]) {
        self.figures_with(figures, |_| {});
    }

    /// Figures and something else, as a table, side by side as far as they fit.
    pub(crate) fn figures_with(
        &mut self,
        figures: &[(Plot, String)],
        beside: impl FnOnce(&mut Self),
    ) {
        self.out.push_str("<div class=\"figures\">\n");
        for (plot, caption) in figures {
            let caption = escape(caption);
            let (uri, width) = (data_uri_svg(&plot.to_svg()), plot.width());
            let _ = writeln!(
                self.out,
                "<figure><img alt=\"{caption}\" src=\"{uri}\"><figcaption style=\"max-width:{width}px\">\
                 {caption}</figcaption></figure>"
            );
        }
        beside(self);
        self.out.push_str("</div>\n");
    }

    /// A folded block of preformatted text.
    pub(crate) fn details(&mut self, heading: &str, text: &str) {
        let (heading, text) = (escape(heading), escape(text));
        let _ =
            writeln!(self.out, "<details><summary>{heading}</summary><pre>{text}</pre></details>");
    }
}

/// A score in three decimals, a dash where there is none.
pub(crate) fn score(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => format!("{value:.3}").replace('-', "\u{2212}"),
        _ => "\u{2013}".into(),
    }
}

/// The median, `None` where nothing is finite.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}
