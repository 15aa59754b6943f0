use std::collections::VecDeque;

/// What is to be shown and was not yet, in order.
#[derive(Default)]
pub(super) struct Queue {
    bytes: VecDeque<u8>,
    items: VecDeque<Item>,
    /// How many items went on. The next one's number is this and how many wait.
    gone: u64,
}

#[derive(Clone, Copy)]
struct Item {
    length: usize,
    /// A letter's width, that is masked.
    stars: u8,
}

impl Queue {
    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Puts something at the end; answers its number, which is not 0.
    pub(super) fn push(&mut self, bytes: &[u8]) -> u64 {
        self.bytes.extend(bytes);
        self.items.push_back(Item { length: bytes.len(), stars: 0 });
        self.gone + self.items.len() as u64
    }

    /// A letter that waits becomes as many stars. `false`: it has been shown.
    pub(super) fn mask(&mut self, number: u64, width: u8) -> bool {
        let place = number.checked_sub(self.gone + 1).and_then(|place| usize::try_from(place).ok());
        let Some(item) = place.and_then(|place| self.items.get_mut(place)) else { return false };
        item.stars = width.max(1);
        true
    }

    /// Whether something waits.
    pub(super) const fn waits(&self, number: u64) -> bool {
        number > self.gone
    }

    /// Appends to `out` all that stands in front of this number; all there is when there is none.
    pub(super) fn let_go(&mut self, keep: Option<u64>, out: &mut Vec<u8>) {
        while keep.is_none_or(|number| self.gone + 1 < number)
            && let Some(item) = self.items.pop_front()
        {
            self.gone += 1;
            let bytes = self.bytes.drain(..item.length.min(self.bytes.len()));
            if item.stars > 0 {
                drop(bytes);
                out.extend(std::iter::repeat_n(b'*', item.stars.into()));
            } else {
                out.extend(bytes);
            }
        }
    }
}
