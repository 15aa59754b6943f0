use model::ports::Heirlooms as _;
use model::{DataClass, Derivation, SessionId, Timestamp};

use super::*;
use crate::audit::Query;

fn open(folder: &std::path::Path) -> (Arc<Store>, Heirlooms) {
    let store = Arc::new(Store::open(folder).unwrap());
    let heirlooms = wait(Heirlooms::open(Arc::clone(&store), Clock::system())).unwrap();
    (store, heirlooms)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn one(schema: Option<&str>, column: Option<&str>) -> Inherited {
    Inherited {
        schema: schema.map(str::to_owned),
        relation: "copies".to_owned(),
        column: column.map(str::to_owned),
        class: DataClass::new("us_ssn").unwrap(),
        derivation: Derivation::Computed,
    }
}

fn bequest(inherited: Vec<Inherited>) -> Bequest {
    Bequest {
        session: SessionId::new(Timestamp::from_secs(1), 7),
        subject: "dora".to_owned(),
        resource: "orders".to_owned(),
        database: "shop".to_owned(),
        inherited,
    }
}

#[test]
fn what_is_kept_is_there_at_once_for_all_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let all = vec![one(Some("public"), Some("number")), one(None, None)];
    {
        let (store, heirlooms) = open(folder.path());
        let before = heirlooms.of("orders", "shop");
        wait(heirlooms.keep(bequest(all.clone()))).unwrap();
        assert!(all.iter().all(|one| before.now().holds(one)));
        assert!(heirlooms.of("orders", "other").now().is_empty(), "another database");
        assert!(heirlooms.of("ledger", "shop").now().is_empty(), "another resource");
        // What is known is not written again.
        wait(heirlooms.keep(bequest(all.clone()))).unwrap();
        let query = Query { action: Some("data.".to_owned()), limit: 10, ..Query::default() };
        let told = wait(store.audit(query)).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!((&*told[0].actor, &*told[0].object), ("dora", "orders"));
        assert!(told[0].detail.to_string().contains("public.copies.number: us_ssn (computed)"));
    }
    let (_store, heirlooms) = open(folder.path());
    let now = heirlooms.of("orders", "shop").now();
    assert!(all.iter().all(|one| now.holds(one)) && now.len() == 2);
}

#[test]
fn one_can_be_forgotten_and_inherited_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heirlooms) = open(folder.path());
    let kept = one(Some("public"), None);
    wait(heirlooms.keep(bequest(vec![kept.clone()]))).unwrap();
    let listed = wait(heirlooms.list(Some("orders".to_owned()))).unwrap();
    assert_eq!(listed.len(), 1);
    assert!(wait(heirlooms.list(Some("ledger".to_owned()))).unwrap().is_empty());
    let id = listed[0].id;
    assert!(!wait(heirlooms.forget(id + 1, "root".to_owned())).unwrap());
    assert!(wait(heirlooms.forget(id, "root".to_owned())).unwrap());
    assert!(!wait(heirlooms.forget(id, "root".to_owned())).unwrap(), "only once");
    assert!(heirlooms.of("orders", "shop").now().is_empty());
    wait(heirlooms.keep(bequest(vec![kept.clone()]))).unwrap();
    assert!(heirlooms.of("orders", "shop").now().holds(&kept));
    let again = wait(heirlooms.list(None)).unwrap();
    assert_ne!(again[0].id, id, "a number is not used twice");
    let query = Query { action: Some("data.forget".to_owned()), limit: 10, ..Query::default() };
    assert_eq!(wait(store.audit(query)).unwrap().len(), 1);
}

#[test]
fn what_is_listed_is_json_with_a_place_for_everything() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, heirlooms) = open(folder.path());
    wait(heirlooms.keep(bequest(vec![one(None, Some("number"))]))).unwrap();
    let listed = serde_json::to_value(wait(heirlooms.list(None)).unwrap()).unwrap();
    let entry = &listed[0];
    assert!(entry["schema"].is_null());
    assert_eq!(entry["relation"], "copies");
    assert_eq!(entry["column"], "number");
    assert_eq!(entry["class"], "us_ssn");
    assert_eq!(entry["derivation"], "computed");
    assert_eq!(entry["subject"], "dora");
}
