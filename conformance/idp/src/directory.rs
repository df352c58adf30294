//! The company: who works there, and in which teams. Nothing here knows of SCIM.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use rand::{RngExt, SeedableRng};

/// Somebody who works there, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Never changes, and nobody else ever has it.
    pub key: String,
    /// What they sign in with: an address.
    pub login: String,
    /// The given name.
    pub given: String,
    /// The family name.
    pub family: String,
    /// What they are there.
    pub title: Option<String>,
    /// Where they work.
    pub department: Option<String>,
    /// The key of their manager.
    pub manager: Option<String>,
    /// Whether they may use the service.
    pub assigned: bool,
}

impl Person {
    /// Given and family name.
    pub fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// What a service must know of them: the attributes that have a value.
    pub(crate) fn attributes(&self) -> BTreeMap<&'static str, String> {
        let all = [
            ("userName", Some(self.login.clone())),
            ("given", Some(self.given.clone())),
            ("family", Some(self.family.clone())),
            ("displayName", Some(self.name())),
            ("email", Some(self.login.clone())),
            ("active", Some(self.assigned.to_string())),
            ("title", self.title.clone()),
            ("department", self.department.clone()),
            ("manager", self.manager.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A team that is pushed as a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// What it is called.
    pub name: String,
    /// The keys of those who are in it.
    pub members: BTreeSet<String>,
}

/// The company as it is now.
pub struct Directory {
    /// Everybody, by key.
    pub people: BTreeMap<String, Person>,
    /// All teams, by a key that never changes.
    pub teams: BTreeMap<String, Team>,
    random: StdRng,
    seed: u64,
    made: u32,
}

const GIVEN: [&str; 8] = ["Ann", "Bo", "Çelik", "Dörte", "Éva", "Fritz", "Gül", "O'Neil"];
const FAMILY: [&str; 6] = ["Lee", "Müller", "de la Cruz", "Ng", "Straße", "Žižek"];
const DEPARTMENTS: [&str; 4] = ["Operations", "Sales", "Research & Development", "Finance"];

impl Directory {
    /// A company of `people` in `teams`; the same `seed` makes the same company, and the same weeks. Companies of different
    /// seeds have no address and no name of a team in common.
    pub fn founded(seed: u64, people: usize, teams: usize) -> Self {
        let mut company = Self {
            people: BTreeMap::new(),
            teams: BTreeMap::new(),
            random: StdRng::seed_from_u64(seed),
            seed,
            made: 0,
        };
        for _ in 0..people {
            company.hire();
        }
        for _ in 0..teams {
            company.found_team();
        }
        company
    }

    /// A week: some are hired, some are renamed or moved, some leave, some come back; teams change.
    pub fn week(&mut self) {
        for _ in 0..self.random.random_range(1..4) {
            self.hire();
        }
        for key in self.some(3, true) {
            self.marry(&key);
        }
        for key in self.some(4, true) {
            self.relocate(&key);
        }
        for key in self.some(2, true) {
            self.leave(&key);
        }
        for key in self.some(1, false) {
            self.come_back(&key);
        }
        for team in self.teams.keys().cloned().collect::<Vec<_>>() {
            self.shuffle(&team);
        }
        if let Some(team) = self.teams.keys().choose(&mut self.random).cloned() {
            self.made += 1;
            let department = self.pick(&DEPARTMENTS);
            let name = format!("“{department}” №{} of {}", self.made, self.seed);
            self.team(&team).name = name;
        }
    }

    /// Somebody new; their key.
    pub fn hire(&mut self) -> String {
        self.made += 1;
        let number = self.made;
        let given = self.pick(&GIVEN);
        let family = self.pick(&FAMILY);
        let key = format!("{:08x}-{number:04x}-4000-8000-{number:012x}", self.random.random::<u32>());
        let manager = self.people.values().filter(|it| it.assigned).choose(&mut self.random);
        let manager = manager.map(|it| it.key.clone());
        let title = self.random.random_bool(0.5).then(|| "Engineer".to_owned());
        let department = self.random.random_bool(0.7).then(|| self.pick(&DEPARTMENTS).to_owned());
        let (given, family) = (given.to_owned(), family.to_owned());
        let login = format!("person{number}@company{}.example", self.seed);
        let person =
            Person { key: key.clone(), login, given, family, title, department, manager, assigned: true };
        self.people.insert(key.clone(), person);
        key
    }

    /// Another family name, and so another address.
    pub fn marry(&mut self, key: &str) {
        self.made += 1;
        let family = self.pick(&FAMILY).to_owned();
        let login = format!("Person{}.renamed@company{}.example", self.made, self.seed);
        let person = self.person(key);
        person.family = family;
        person.login = login;
    }

    /// Another department, with or without a title and a manager.
    pub fn relocate(&mut self, key: &str) {
        let department = self.random.random_bool(0.8).then(|| self.pick(&DEPARTMENTS).to_owned());
        let title = self.random.random_bool(0.5).then(|| format!("Lead {}", self.made));
        let others = self.people.values().filter(|it| it.assigned && it.key != key);
        let manager = others.choose(&mut self.random).map(|it| it.key.clone());
        let person = self.person(key);
        person.department = department;
        person.title = title;
        person.manager = manager;
    }

    /// They may use the service no longer.
    pub fn leave(&mut self, key: &str) {
        self.person(key).assigned = false;
    }

    /// They may use it again.
    pub fn come_back(&mut self, key: &str) {
        self.person(key).assigned = true;
    }

    /// Nothing is left of them in the directory.
    pub fn forget(&mut self, key: &str) {
        self.people.remove(key);
        for team in self.teams.values_mut() {
            team.members.remove(key);
        }
        for person in self.people.values_mut().filter(|it| it.manager.as_deref() == Some(key)) {
            person.manager = None;
        }
    }

    /// A new team of some of those who are there; its key.
    pub fn found_team(&mut self) -> String {
        self.made += 1;
        let key = format!("team-{}", self.made);
        let department = self.pick(&DEPARTMENTS);
        let name = format!("Team {} \"{department}\" of {}", self.made, self.seed);
        let members = self.some(self.people.len() / 3, true).into_iter().collect();
        self.teams.insert(key.clone(), Team { name, members });
        key
    }

    /// The team is no more.
    pub fn dissolve(&mut self, team: &str) {
        self.teams.remove(team);
    }

    /// The keys of up to `count` people who are there, or of those who have left.
    pub fn some(&mut self, count: usize, assigned: bool) -> Vec<String> {
        let those = self.people.values().filter(|it| it.assigned == assigned).map(|it| it.key.clone());
        let mut some = those.sample(&mut self.random, count);
        some.sort_unstable();
        some
    }

    fn shuffle(&mut self, team: &str) {
        let joining = self.some(2, true);
        let leaving = self.teams[team].members.iter().cloned().sample(&mut self.random, 2);
        let members = &mut self.team(team).members;
        members.extend(joining);
        for key in &leaving {
            members.remove(key);
        }
    }

    fn pick(&mut self, among: &[&'static str]) -> &'static str {
        among[self.random.random_range(0..among.len())]
    }

    fn person(&mut self, key: &str) -> &mut Person {
        self.people.get_mut(key).unwrap_or_else(|| panic!("nobody has the key {key}"))
    }

    fn team(&mut self, key: &str) -> &mut Team {
        self.teams.get_mut(key).unwrap_or_else(|| panic!("no team has the key {key}"))
    }
}
