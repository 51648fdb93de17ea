//! The first lines of a page: enough of the Thrift compact protocol to know how large it is.

/// Deepest nesting of structures; those of Parquet have three levels.
const DEEPEST: u32 = 8;

/// What is needed of a page's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// 0 data, 1 index, 2 dictionary, 3 data of version 2.
    pub(super) kind: u64,
    pub(super) unpacked_bytes: u64,
    pub(super) packed_bytes: u64,
    /// Bytes of the header itself.
    pub(super) n_bytes: u64,
}

/// The header at the start of `bytes`; `None` where it is cut or none.
pub(super) fn parse(bytes: &[u8]) -> Option<PageHeader> {
    let mut input = Input { rest: bytes };
    let mut sizes = [None; 3];
    let mut field = 0;
    while let Some((id, kind)) = input.field(field)? {
        field = id;
        match usize::try_from(id - 1).ok().and_then(|i| sizes.get_mut(i)) {
            Some(size) => *size = Some(u64::try_from(input.signed(kind)?).ok()?),
            None => input.skip(kind, DEEPEST)?,
        }
    }
    let [kind, unpacked_bytes, packed_bytes] = sizes;
    Some(PageHeader {
        kind: kind?,
        unpacked_bytes: unpacked_bytes?,
        packed_bytes: packed_bytes?,
        n_bytes: (bytes.len() - input.rest.len()) as u64,
    })
}

struct Input<'a> {
    rest: &'a [u8],
}

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A number in a field of one of the integer types.
    fn signed(&mut self, kind: u8) -> Option<i64> {
        if matches!(kind, 4..=6) { self.zigzag() } else { None }
    }

    /// Number and type of the next field; `Some(None)` at the end of the structure.
    fn field(&mut self, last: i64) -> Option<Option<(i64, u8)>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        let id = match byte >> 4 {
            0 => self.zigzag()?,
            step => last.checked_add(i64::from(step))?,
        };
        (1..=i64::from(i16::MAX)).contains(&id).then_some(Some((id, byte & 15)))
    }

    fn skip_bytes(&mut self, n: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            // Booleans are in the type.
            1 | 2 => Some(()),
            3 => self.skip_bytes(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.skip_bytes(8),
            8 => {
                let n = self.varint()?;
                self.skip_bytes(n)
            }
            9 | 10 => self.skip_list(depth),
            12 => {
                let mut last = 0;
                while let Some((id, kind)) = self.field(last)? {
                    last = id;
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            // No header of a page has a map.
            _ => None,
        }
    }

    fn skip_list(&mut self, depth: u32) -> Option<()> {
        let byte = self.byte()?;
        let n = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        for _ in 0..n {
            match byte & 15 {
                // In a list each boolean has a byte of its own.
                1 | 2 => self.skip_bytes(1)?,
                kind => self.skip(kind, depth)?,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_understood_and_cuts_are_not() {
        // Fields 1 to 3, then field 5: a structure with an integer, a binary and a list.
        let bytes = [
            0x15, 0x00, 0x15, 0xc8, 0x01, 0x15, 0x64, 0x2c, 0x15, 0x04, 0x18, 0x02, b'a', b'b',
            0x19, 0x21, 0x01, 0x02, 0x00, 0x00,
        ];
        let expected = PageHeader {
            kind: 0,
            unpacked_bytes: 100,
            packed_bytes: 50,
            n_bytes: bytes.len() as u64,
        };
        assert_eq!(parse(&[&bytes[..], &[9, 9]].concat()), Some(expected));
        for n in 0..bytes.len() {
            assert_eq!(parse(&bytes[..n]), None, "{n} bytes");
        }
    }

    #[test]
    fn hostile_headers_are_refused() {
        let endless = [0xff; 100];
        let deep = [[0x5c].repeat(100), vec![0; 101]].concat();
        let long_list = [0x59, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let negative = [0x15, 0x00, 0x15, 0x01, 0x15, 0x00, 0x00];
        for bytes in [&endless[..], &deep, &long_list, &negative, &[0]] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
    }
}
