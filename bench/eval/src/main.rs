//! Measures burgee-eval beside yggdrasil: time, bytes and allocations of each question. `bench/eval/run` starts it.

mod document;
mod engines;

use std::alloc::System;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use anyhow::{Result, ensure};
use burgee_eval::State;
use clap::Parser;
use serde_json::{Map, Value};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use unleash_yggdrasil::EngineState;

use crate::engines::Engine;

/// The system's allocator, counting.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many contexts ask.
const CONTEXTS: u64 = 64;

/// Measures burgee-eval beside yggdrasil.
#[derive(Parser)]
struct Options {
    /// At how many flags to measure.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    sizes: Vec<usize>,
    /// How often each question is measured; the best time counts.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

/// What a question costs, for each flag.
#[derive(Clone, Copy)]
struct Cost {
    nanoseconds: f64,
    bytes: f64,
    allocations: f64,
}

/// All that is measured of an engine at one size.
struct Costs {
    is_enabled: Cost,
    variant: Cost,
    json: Cost,
    compile: Cost,
    /// What stays in memory, for each flag.
    memory: f64,
    /// How many answers were yes, and how long the answers of the Frontend API were: to compare.
    yes: usize,
    length: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut table = String::from(
        "| For each flag | Flags | burgee | yggdrasil | ratio | Target |\n|---|---|---|---|---|---|\n",
    );
    for &size in &options.sizes {
        let document = document::document(size);
        let contexts = document::contexts(CONTEXTS);
        let ours = measure::<State>(&document, &contexts, options.rounds)?;
        let theirs = measure::<EngineState>(&document, &contexts, options.rounds)?;
        ensure!(ours.yes == theirs.yes, "{} and {} flags are on", ours.yes, theirs.yes);
        ensure!(ours.length == theirs.length, "the answers have {} and {} bytes", ours.length, theirs.length);
        rows(&mut table, size, &ours, &theirs)?;
    }
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}

fn measure<E: Engine>(document: &Value, contexts: &[Map<String, Value>], rounds: usize) -> Result<Costs> {
    let read = E::read(document)?;
    let contexts: Vec<E::Context> = contexts.iter().map(E::context).collect::<Result<_>>()?;
    let features = document["features"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let names: Vec<&str> = features.iter().filter_map(|feature| feature["name"].as_str()).collect();

    let mut copy = read.clone();
    let region = Region::new(ALLOCATOR);
    let engine = E::compile(&mut copy);
    drop(copy);
    let kept = region.change();
    // What yggdrasil keeps of the document, was allocated before.
    let before = Region::new(ALLOCATOR);
    let copy = read.clone();
    let document_bytes = before.change().bytes_allocated;
    drop(copy);
    let memory = (kept.bytes_allocated + document_bytes).saturating_sub(kept.bytes_deallocated);

    let mut compile = Cost { nanoseconds: f64::MAX, bytes: 0.0, allocations: 0.0 };
    for _ in 0..rounds {
        let (mut copy, mut compiled) = (read.clone(), None);
        let once = cost(1, names.len(), || compiled = Some(E::compile(&mut copy)));
        // Throwing away what was made is not measured.
        drop(black_box(compiled));
        compile = Cost { nanoseconds: compile.nanoseconds.min(once.nanoseconds), ..once };
    }
    let asked = names.len() * contexts.len();
    let all = |ask: &dyn Fn(&str, &E::Context) -> bool| {
        contexts.iter().map(|context| names.iter().filter(|name| ask(name, context)).count()).sum::<usize>()
    };
    let mut yes = 0;
    let is_enabled = cost(rounds, asked, || yes = all(&|name, context| engine.is_enabled(name, context)));
    let variant = cost(rounds, asked, || {
        black_box(all(&|name, context| engine.has_variant(name, context)));
    });
    let (mut out, mut length, mut failed) = (Vec::new(), 0, None);
    let json = cost(rounds, asked, || {
        length = 0;
        for context in &contexts {
            out.clear();
            if let Err(error) = engine.frontend(context, &mut out) {
                failed = Some(error);
            }
            length += out.len();
        }
    });
    match failed {
        Some(error) => Err(error),
        None => {
            Ok(Costs { is_enabled, variant, json, compile, memory: per(memory, names.len()), yes, length })
        }
    }
}

/// Does the work once to count, then `rounds` times for the time.
fn cost(rounds: usize, count: usize, mut work: impl FnMut()) -> Cost {
    let mut nanoseconds = f64::MAX;
    let mut counted = None;
    for _ in 0..rounds {
        let region = Region::new(ALLOCATOR);
        let start = Instant::now();
        work();
        let took = start.elapsed().as_secs_f64() * 1e9;
        // The first round makes room in what is used again; the last one is what all others are like.
        counted = Some(region.change());
        nanoseconds = nanoseconds.min(took / per(count, 1));
    }
    let counted = counted.unwrap_or_default();
    Cost {
        nanoseconds,
        bytes: per(counted.bytes_allocated, count),
        allocations: per(counted.allocations, count),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn per(amount: usize, count: usize) -> f64 {
    amount as f64 / count as f64
}

fn rows(table: &mut String, size: usize, ours: &Costs, theirs: &Costs) -> Result<()> {
    let questions = [
        ("is_enabled", ours.is_enabled, theirs.is_enabled, Some((1.0 / 3.0, "≤ 1/3"))),
        ("variant", ours.variant, theirs.variant, None),
        ("frontend JSON", ours.json, theirs.json, Some((1.0 / 10.0, "≤ 1/10"))),
        ("compile", ours.compile, theirs.compile, Some((1.0 / 20.0, "≤ 1/20"))),
    ];
    for (name, ours, theirs, target) in questions {
        let cell = |cost: Cost| {
            let Cost { nanoseconds, bytes, allocations } = cost;
            format!("{nanoseconds:.0} ns, {bytes:.0} B in {allocations:.2} allocations")
        };
        let ratio = ours.nanoseconds / theirs.nanoseconds;
        row(table, name, size, [&cell(ours), &cell(theirs)], ratio, target)?;
    }
    let cell = |bytes: f64| format!("{bytes:.0} B");
    let ratio = ours.memory / theirs.memory;
    let target = Some((0.5, "≤ 1/2"));
    row(table, "memory", size, [&cell(ours.memory), &cell(theirs.memory)], ratio, target)
}

fn row(
    table: &mut String,
    name: &str,
    size: usize,
    cells: [&str; 2],
    ratio: f64,
    target: Option<(f64, &str)>,
) -> Result<()> {
    let mark = match target {
        Some((most, _)) if ratio <= most => " ✓",
        Some(_) => " ✗ missed",
        None => "",
    };
    let words = target.map_or("", |(_, words)| words);
    let [ours, theirs] = cells;
    Ok(writeln!(table, "| {name} | {size} | {ours} | {theirs} | {ratio:.3}{mark} | {words} |")?)
}
