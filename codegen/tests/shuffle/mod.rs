//! Another order for the elements of a schema file that have an id, a position or a code.

/// The text with its top-level elements in another order, and in each of them the fields, components and values.
///
/// A top-level element begins at an indentation of two. The same `seed` gives the same order.
pub(crate) fn shuffled(text: &str, seed: u64) -> String {
    let mut random = Random(seed);
    let mut head = Vec::new();
    let mut items: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        let first = line.starts_with("  <") && !line.starts_with("  </");
        match items.last_mut() {
            _ if first => items.push(vec![line]),
            Some(item) if line.starts_with("  ") => item.push(line),
            _ => head.push(line),
        }
    }
    let end = head.pop().expect("a root element ends");
    random.shuffle(&mut items);
    let items: Vec<&str> = items.iter().flat_map(|item| children(item, &mut random)).collect();
    format!("{}\n{}\n{end}\n", head.join("\n"), items.join("\n"))
}

/// Shuffles the runs of children that have a position or a code.
fn children<'t>(item: &[&'t str], random: &mut Random) -> Vec<&'t str> {
    let is_child = |line: &str| {
        let tags = ["<field ", "<component ", "<value "];
        tags.iter().any(|tag| line.trim_start().starts_with(tag))
    };
    let mut item = item.to_vec();
    for run in item.chunk_by_mut(|a, b| is_child(a) && is_child(b)) {
        random.shuffle(run);
    }
    item
}

/// The generator of Lehmer: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            self.0 = (self.0 % 0x7fff_ffff * 48_271 + 1) % 0x7fff_ffff;
            let other = usize::try_from(self.0).unwrap_or(0) % (at + 1);
            list.swap(at, other);
        }
    }
}
