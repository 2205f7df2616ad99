//! Filling a buffer from a file.

use std::io::{self, ErrorKind, Read};

/// Reads until the buffer is full or the file ends, and returns how much that was: one read for a regular file.
///
/// # Errors
///
/// The system's, except that a signal interrupted a read.
pub fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a source does, read by read.
    struct Script(Vec<io::Result<usize>>);

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!buffer.is_empty(), "it was asked for nothing");
            let count = self.0.remove(0)?;
            buffer[..count].fill(7);
            Ok(count)
        }
    }

    #[test]
    fn a_buffer_is_filled_in_as_many_reads_as_it_takes() {
        let interrupted = || Err(ErrorKind::Interrupted.into());
        let mut buffer = [0; 6];
        assert_eq!(fill(&mut Script(vec![interrupted(), Ok(2), interrupted(), Ok(4)]), &mut buffer).unwrap(), 6);
        assert_eq!(buffer, [7; 6]);
        let mut buffer = [0; 6];
        assert_eq!(fill(&mut Script(vec![Ok(2), Ok(0)]), &mut buffer).unwrap(), 2);
        assert_eq!(buffer, [7, 7, 0, 0, 0, 0]);
        let error = fill(&mut Script(vec![Ok(2), Err(ErrorKind::BrokenPipe.into())]), &mut buffer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
