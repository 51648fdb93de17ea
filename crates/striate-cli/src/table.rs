//! Plain-text tables.

/// A table whose first columns are text and whose others are numbers.
pub(crate) struct Table {
    n_text_columns: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column headings, the first `n_text_columns` of them aligned left.
    pub(crate) fn new(headings: &[&str], n_text_columns: usize) -> Self {
        Self { n_text_columns, rows: vec![headings.iter().map(ToString::to_string).collect()] }
    }

    /// Add a row; missing cells stay empty.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as lines, a rule under the headings.
    pub(crate) fn render(&self) -> String {
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..n_columns)
            .map(|c| self.rows.iter().map(|row| cell(row, c).chars().count()).max().unwrap_or(0))
            .collect();
        let mut out = String::new();
        for (i, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, &width) in widths.iter().enumerate() {
                let text = cell(row, column);
                let padding = " ".repeat(width - text.chars().count());
                let aligned =
                    if column < self.n_text_columns { text + &padding } else { padding + &text };
                line += if column == 0 { "" } else { "  " };
                line += &aligned;
            }
            out += line.trim_end();
            out.push('\n');
            if i == 0 {
                let total = widths.iter().sum::<usize>() + 2 * n_columns.saturating_sub(1);
                out += &"-".repeat(total);
                out.push('\n');
            }
        }
        out
    }
}

/// A score in three decimals, a dash where there is none.
pub(crate) fn score(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => format!("{value:.3}"),
        _ => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["tier", "twin"], 1);
        table.row(vec!["validation".into(), score(Some(0.39))]);
        table.row(vec!["test".into(), score(None)]);
        let expected =
            "tier         twin\n-----------------\nvalidation  0.390\ntest            -\n";
        assert_eq!(table.render(), expected);
    }
}
