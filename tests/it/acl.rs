//! The table of ACL rules: seeded once, and no edit lost to another.

use stockroom::{
    domain::{
        acl::{AclType, Rule, StoredRule, default_rules},
        name::ModuleName,
    },
    server::{
        access::{Acl, SudoActor, table_tag},
        error::{Result, ServerError},
        store::Store,
    },
};
use tempfile::TempDir;

const TYPE: AclType = AclType::Components;

fn admin() -> SudoActor {
    SudoActor::command_line()
}

async fn open(folder: &TempDir) -> Acl {
    let store = Store::open(&folder.path().join("stockroom.db")).await.expect("opens");
    Acl::open(store).await.expect("opens")
}

async fn fresh() -> (TempDir, Acl) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let acl = open(&folder).await;
    (folder, acl)
}

async fn rules(acl: &Acl) -> Vec<StoredRule> {
    acl.list(TYPE).await.expect("lists")
}

fn tester() -> Rule {
    Rule::new("tester", "acme.*", "use", "non-private")
}

fn is_conflict<T: std::fmt::Debug>(result: Result<T>) {
    assert!(matches!(result, Err(ServerError::Conflict(_))), "{result:?}");
}

#[tokio::test]
async fn a_fresh_installation_admits_administrators_only() {
    let (_folder, acl) = fresh().await;
    let rules = StoredRule::rules(&rules(&acl).await);
    assert_eq!(rules, default_rules(TYPE));
    assert!(rules.iter().all(|rule| rule.role == "admin"));
}

#[tokio::test]
async fn default_rules_that_were_deleted_do_not_come_back_with_a_start() {
    let (folder, acl) = fresh().await;
    for rule in rules(&acl).await {
        acl.delete(&admin(), rule.id, rule.revision).await.expect("deletes");
    }
    assert_eq!(rules(&open(&folder).await).await, []);
}

#[tokio::test]
async fn opening_a_module_twice_changes_nothing_the_second_time() {
    let (_folder, acl) = fresh().await;
    let module = ModuleName::parse("acme.pay").expect("a name");
    assert!(acl.open_to_users(&admin(), &module).await.expect("opens"));
    let before = rules(&acl).await;
    assert!(!acl.open_to_users(&admin(), &module).await.expect("is open"));
    assert_eq!(rules(&acl).await, before);
}

#[tokio::test]
async fn a_rule_that_says_the_same_in_other_words_is_not_added() {
    let (_folder, acl) = fresh().await;
    assert!(acl.add(&admin(), TYPE, tester()).await.expect("adds"));
    let same = Rule::new(" Tester ", "ACME.*", "use", "non-private");
    assert!(!acl.add(&admin(), TYPE, same).await.expect("is there"));
}

#[tokio::test]
async fn a_rule_without_a_role_is_refused_and_not_kept() {
    let (_folder, acl) = fresh().await;
    let before = rules(&acl).await;
    let result = acl.add(&admin(), TYPE, Rule::new(" ", "acme.*", "use", "non-private")).await;
    assert!(matches!(result, Err(ServerError::Invalid(_))), "{result:?}");
    assert_eq!(rules(&acl).await, before);
}

#[tokio::test]
async fn an_edit_of_an_old_revision_is_a_conflict_and_changes_nothing() {
    let (_folder, acl) = fresh().await;
    let seen = rules(&acl).await.remove(0);
    acl.replace(&admin(), TYPE, seen.id, seen.revision, tester()).await.expect("replaces");
    let before = rules(&acl).await;
    let late = Rule::new("user", "*", "use", "non-private");
    is_conflict(acl.replace(&admin(), TYPE, seen.id, seen.revision, late).await);
    assert_eq!(rules(&acl).await, before);
}

#[tokio::test]
async fn an_edit_of_a_deleted_rule_is_a_conflict() {
    let (_folder, acl) = fresh().await;
    let seen = rules(&acl).await.remove(0);
    acl.delete(&admin(), seen.id, seen.revision).await.expect("deletes");
    is_conflict(acl.replace(&admin(), TYPE, seen.id, seen.revision, tester()).await);
}

#[tokio::test]
async fn an_edit_that_makes_two_rules_the_same_is_a_conflict() {
    let (_folder, acl) = fresh().await;
    acl.add(&admin(), TYPE, tester()).await.expect("adds");
    let first = rules(&acl).await.remove(0);
    is_conflict(acl.replace(&admin(), TYPE, first.id, first.revision, tester()).await);
}

#[tokio::test]
async fn an_edit_never_reaches_a_rule_of_the_other_list() {
    let (_folder, acl) = fresh().await;
    let before = rules(&acl).await;
    let flows = Rule::new("user", "flows", "read", "*");
    is_conflict(acl.replace(&admin(), AclType::Routes, before[0].id, before[0].revision, flows).await);
    assert_eq!(rules(&acl).await, before);
}

#[tokio::test]
async fn a_deletion_of_an_old_revision_is_a_conflict_and_changes_nothing() {
    let (_folder, acl) = fresh().await;
    let seen = rules(&acl).await.remove(0);
    acl.replace(&admin(), TYPE, seen.id, seen.revision, tester()).await.expect("replaces");
    let before = rules(&acl).await;
    is_conflict(acl.delete(&admin(), seen.id, seen.revision).await);
    assert_eq!(rules(&acl).await, before);
}

#[tokio::test]
async fn a_deletion_of_what_is_gone_already_is_no_error() {
    let (_folder, acl) = fresh().await;
    let seen = rules(&acl).await.remove(0);
    for _ in 0..2 {
        acl.delete(&admin(), seen.id, seen.revision).await.expect("is gone");
    }
}

#[tokio::test]
async fn of_two_edits_at_once_one_wins_and_the_other_hears_of_it() {
    let (_folder, acl) = fresh().await;
    let seen = rules(&acl).await.remove(0);
    let actor = admin();
    let edit =
        |role: &str| acl.replace(&actor, TYPE, seen.id, seen.revision, Rule::new(role, "acme.*", "use", "non-private"));
    let (one, other) = tokio::join!(edit("one"), edit("other"));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_preset_replaces_the_table_that_was_seen() {
    let (_folder, acl) = fresh().await;
    let seen = table_tag(&rules(&acl).await);
    acl.apply_preset(&admin(), TYPE, "everyone", seen).await.expect("applies");
    let roles: Vec<_> = rules(&acl).await.into_iter().map(|rule| rule.rule.role).collect();
    assert_eq!(roles, ["admin", "user", "tester"]);
}

#[tokio::test]
async fn a_preset_over_a_table_that_has_changed_is_a_conflict_and_changes_nothing() {
    let (_folder, acl) = fresh().await;
    let seen = table_tag(&rules(&acl).await);
    acl.add(&admin(), TYPE, tester()).await.expect("adds");
    let before = rules(&acl).await;
    is_conflict(acl.apply_preset(&admin(), TYPE, "everyone", seen).await);
    assert_eq!(rules(&acl).await, before);
}
