use std::fs;

use super::*;

fn write_example(path: &Path, n_rows: usize, n_columns: usize) -> Result<(), FormatError> {
    let first = NamedTensor { name: "first", shape: &[3], values: &[1.0, 2.0, 3.0] };
    let text = BTreeMap::from([("kind".to_owned(), "example".to_owned())]);
    let last = TensorRows::new("last", n_rows, n_columns);
    write_rows(path, &[first], last, &text, |rows, out| {
        out.iter_mut().zip(rows.start * n_columns..).for_each(|(value, i)| *value = i as f32);
        Ok(())
    })
}

#[test]
fn rows_are_written_as_a_whole_tensor_is() {
    let folder = tempfile::tempdir().unwrap();
    // More than one buffer; one column; nothing at all in two ways.
    for (n_rows, n_columns) in [(1000, 700), (300_000, 1), (4, 0), (0, 4)] {
        let path = folder.path().join("rows");
        write_example(&path, n_rows, n_columns).unwrap();
        let (tensors, text) = read(&path).unwrap();
        assert_eq!(text["kind"], "example");
        let values: Vec<f32> = (0..n_rows * n_columns).map(|i| i as f32).collect();
        let last = OwnedTensor { name: "last".into(), shape: vec![n_rows, n_columns], values };
        assert!(tensors.contains(&last), "{n_rows} x {n_columns}");
        let whole = folder.path().join("whole");
        let tensors: Vec<_> = ["first", "last"]
            .map(|name| tensors.iter().find(|tensor| tensor.name == name).unwrap())
            .iter()
            .map(|t| NamedTensor { name: &t.name, shape: &t.shape, values: &t.values })
            .collect();
        write(&whole, &tensors, &text).unwrap();
        assert!(fs::read(&path).unwrap() == fs::read(&whole).unwrap(), "{n_rows} x {n_columns}");
    }
}

#[test]
fn parts_are_read_where_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    write_example(&path, 100, 3).unwrap();
    let file = TensorFile::open(&path).unwrap();
    assert_eq!(file.shape("last").unwrap(), [100, 3]);
    assert_eq!(file.read("first").unwrap().values, [1.0, 2.0, 3.0]);
    let mut out = [0.0; 4];
    file.read_part("last", 296..300, &mut out).unwrap();
    assert_eq!(out, [296.0, 297.0, 298.0, 299.0]);
    let error = file.read_part("last", 297..301, &mut out).unwrap_err().to_string();
    assert!(error.contains("found 300, expected enough for 297 to 301"), "{error}");
    let error = file.read("lost").unwrap_err().to_string();
    assert!(error.contains("expected one of first, last"), "{error}");
}

#[test]
fn a_file_that_was_cut_or_replaced_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    write_example(&path, 100, 3).unwrap();
    let file = TensorFile::open(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
    assert!(matches!(file.read("first"), Err(FormatError::Changed { .. })));
    assert!(matches!(TensorFile::open(&path), Err(FormatError::Length { .. })));
}

#[test]
fn rows_that_fail_leave_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    write_example(&path, 2, 2).unwrap();
    let before = fs::read(&path).unwrap();
    let last = TensorRows::new("last", 10, 1 << 20);
    let failed = write_rows(&path, &[], last, &BTreeMap::new(), |rows, _| {
        let error = io::Error::other("the source is gone");
        if rows.start < 3 { Ok(()) } else { Err(FormatError::io("read", &path)(error)) }
    });
    assert!(failed.unwrap_err().to_string().contains("the source is gone"));
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn more_rows_than_bytes_can_be_counted_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    for n_rows in [usize::MAX, usize::MAX / 8] {
        let error = write_example(&path, n_rows, 4).unwrap_err().to_string();
        assert!(error.contains("more values than there can be"), "{error}");
    }
}
