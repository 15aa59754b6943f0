//! Text that comes in pieces.

use std::sync::{Arc, LazyLock};

use mask::{Detectors, Running, Terminal};

static ALL: LazyLock<Arc<Detectors>> = LazyLock::new(|| Arc::new(Detectors::all()));

/// How a text is cut into pieces changes nothing, as long as it is not hurried; hurried, all of it that is no finding comes
/// out in the end.
pub fn mask_pieces(data: &[u8]) {
    let Some((&size, text)) = data.split_first() else { return };
    let at_once = running(text.chunks(text.len().max(1)), false);
    let in_pieces = running(text.chunks(1 + usize::from(size)), false);
    assert_eq!(
        String::from_utf8_lossy(&at_once),
        String::from_utf8_lossy(&in_pieces),
        "{size}: {:?}",
        String::from_utf8_lossy(text)
    );
    running(text.chunks(1 + usize::from(size)), true);
}

fn running<'t>(pieces: impl Iterator<Item = &'t [u8]>, hurry: bool) -> Vec<u8> {
    let (mut running, mut out) = (Running::new(Arc::clone(&ALL)), Vec::new());
    for piece in pieces {
        running.feed(piece, &mut out);
        if hurry {
            running.hurry(false, &mut out);
        }
        assert!(running.held() <= 64 << 10);
    }
    running.end(&mut out);
    assert_eq!(running.held(), 0);
    out
}

/// What a terminal is shown: nothing of it is lost where nothing is looked for and nothing is found; what is held is bounded.
pub fn mask_terminal(data: &[u8]) {
    let Some((&size, text)) = data.split_first() else { return };
    let clear = terminal(&Arc::new(Detectors::none()), text, size);
    let again = terminal(&Arc::new(Detectors::none()), text, 255);
    assert_eq!(clear, again, "how it is cut changes nothing");
    let masked = terminal(&ALL, text, size);
    let plain = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n'));
    if plain(text) && ALL.find(text).is_empty() && !masked.contains(&b'*') {
        assert_eq!(masked, text);
    }
}

fn terminal(detectors: &Arc<Detectors>, text: &[u8], size: u8) -> Vec<u8> {
    let (mut terminal, mut out) = (Terminal::new(Arc::clone(detectors), 40, 10), Vec::new());
    for piece in text.chunks(1 + usize::from(size)) {
        terminal.feed(piece, &mut out);
        assert!(terminal.held() <= 128 << 10);
    }
    terminal.end(&mut out);
    assert_eq!(terminal.held(), 0);
    out
}
