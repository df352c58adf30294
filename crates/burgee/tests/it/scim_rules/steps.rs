//! Random requests of an identity provider.

use proptest::prelude::*;
use proptest::sample::Index;

use super::model::UserOp;

/// A request, with places in the list of what there is instead of ids.
#[derive(Clone, Debug)]
pub enum Step {
    NewUser(u8, Vec<UserOp>),
    PatchUser(Index, Vec<UserOp>),
    PutUser(Index, u8, Vec<UserOp>),
    DropUser(Index),
    NewGroup(u8, Vec<Index>),
    PatchGroup(Index, Vec<(u8, u8, Vec<Index>)>),
    PutGroup(Index, u8, Option<Vec<Index>>),
    DropGroup(Index),
    Echo(Index),
}

fn user_op() -> impl Strategy<Value = UserOp> {
    let word = || 0..3u8;
    let part = || prop::option::of(0..3u8);
    prop_oneof![
        (0..3usize, word()).prop_map(|(at, to)| UserOp::Set(at, to)),
        (0..3usize, word()).prop_map(|(at, to)| UserOp::SetWithoutPath(at, to)),
        (0..3usize).prop_map(UserOp::Unset),
        (0..8u8).prop_map(UserOp::Rename),
        (part(), part()).prop_map(|(given, family)| UserOp::Name(given, family)),
        Just(UserOp::UnsetGiven),
        any::<bool>().prop_map(UserOp::Active),
        (word(), any::<bool>()).prop_map(|(number, work)| UserOp::AddEmail(number, work)),
        any::<bool>().prop_map(UserOp::RemoveEmails),
        prop::collection::btree_set((word(), any::<bool>()), 0..3).prop_map(UserOp::Emails),
        word().prop_map(UserOp::WorkEmail),
    ]
}

pub fn step() -> impl Strategy<Value = Step> {
    let at = any::<Index>;
    let ops = || prop::collection::vec(user_op(), 0..4);
    let several = || prop::collection::vec(any::<Index>(), 0..4);
    let group_ops = prop::collection::vec((0..8u8, 0..8u8, several()), 1..4);
    prop_oneof![
        3 => (0..8u8, ops()).prop_map(|(name, ops)| Step::NewUser(name, ops)),
        3 => (at(), prop::collection::vec(user_op(), 1..4)).prop_map(|(at, ops)| Step::PatchUser(at, ops)),
        1 => (at(), 0..8u8, ops()).prop_map(|(at, name, ops)| Step::PutUser(at, name, ops)),
        1 => at().prop_map(Step::DropUser),
        2 => (0..8u8, several()).prop_map(|(name, members)| Step::NewGroup(name, members)),
        4 => (at(), group_ops).prop_map(|(at, ops)| Step::PatchGroup(at, ops)),
        1 => (at(), 0..8u8, prop::option::of(several())).prop_map(|(at, name, members)| Step::PutGroup(at, name, members)),
        1 => at().prop_map(Step::DropGroup),
        2 => at().prop_map(Step::Echo),
    ]
}
