use super::*;

const MIB: u64 = 1 << 20;

#[test]
fn sessions_are_refused_before_commands_and_the_reserve_comes_last() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { low_water: 100 * MIB, reserve: 8 * MIB };
    let mut reserve = Reserve::found(folder.path().join("reserve"), bounds.reserve);
    let mut room = |free: u64, full: bool| (bounds.room(free, full, &mut reserve), reserve.kept());
    // Freed or used, and what follows from it.
    let (kept, given_back) = (8 * MIB, 0);
    assert_eq!(room(1000 * MIB, false), (Room::Enough, kept));
    assert_eq!(room(100 * MIB, false), (Room::Enough, kept));
    assert_eq!(room(100 * MIB - 1, false), (Room::Low, kept));
    assert_eq!(room(2 * MIB, false), (Room::Low, kept));
    assert_eq!(room(2 * MIB - 1, false), (Room::Out, given_back));
    assert_eq!(room(10 * MIB, false), (Room::Out, given_back), "what was given back is no room");
    assert_eq!(room(12 * MIB, false), (Room::Low, kept));
    assert_eq!(room(110 * MIB, true), (Room::Out, given_back), "a quota is full");
    assert_eq!(room(107 * MIB, false), (Room::Low, kept), "without what is kept back");
    assert_eq!(room(100 * MIB, false), (Room::Enough, kept));
}

#[test]
fn without_bounds_only_a_write_that_fails_says_that_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Bounds { low_water: 0, reserve: 0 }).unwrap();
    assert!(disk.admits().is_ok());
    assert!(!folder.path().join("reserve").exists());
    let full = io::Error::from(io::ErrorKind::StorageFull);
    assert_eq!(disk.look(Some(&full)), Room::Out);
    assert!(disk.goes_on().is_err());
    assert_eq!(disk.look(Some(&io::Error::other("something else"))), Room::Enough);
}

#[test]
fn a_disk_that_cannot_be_asked_is_taken_for_full() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Bounds { low_water: 0, reserve: 0 }).unwrap();
    assert!(disk.goes_on().is_ok());
    std::fs::remove_dir(folder.path().join("recordings")).unwrap();
    assert_eq!(disk.look(None), Room::Out);
    assert!(disk.goes_on().is_err() && disk.admits().is_err());
}

#[test]
fn the_reserve_is_room_on_the_disk_and_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reserve");
    let bounds = Bounds { low_water: 0, reserve: MIB };
    let disk = Disk::open(folder.path(), bounds).unwrap();
    assert_eq!(disk.report().reserve, MIB);
    let blocks = || std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(&path).unwrap());
    assert!(blocks() * 512 >= MIB, "it takes the room that it has");
    drop(disk);
    let again = Reserve::found(path.clone(), MIB);
    assert_eq!(again.kept(), MIB);
    assert_eq!(Reserve::found(path.clone(), 2 * MIB).kept(), 0, "of another size");
    assert!(!path.exists());
}
