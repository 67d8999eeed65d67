//! The limit: appending to a file and waiting for the disk each time.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Bytes of one record, about what a step's two events take.
const RECORD: usize = 300;

/// Appends `count` records, each with a sync of its own.
pub(crate) fn append(folder: &Path, count: usize) {
    let mut file = File::create(folder.join("append.log")).expect("the file can be made");
    let record = vec![b'x'; RECORD];
    let mut laps = Vec::with_capacity(count);
    let began = Instant::now();
    for _ in 0..count {
        let lap = Instant::now();
        file.write_all(&record).expect("the disk takes it");
        file.sync_data().expect("the disk syncs it");
        laps.push(lap.elapsed().as_micros());
    }
    let took = began.elapsed();
    laps.sort_unstable();
    println!("steps {count}");
    println!("seconds {:.6}", took.as_secs_f64());
    println!("p50_us {}", laps.get(count / 2).copied().unwrap_or(0));
}
