//! The order of operations.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::references::referred;
use super::{Method, Operation};

/// Steps, each one operation, or several POSTs that refer to each other in a circle. Each step finds what it refers to in
/// the ones before it. As far as references allow, the order is the client's.
pub fn plan(operations: &[Operation]) -> Vec<Vec<usize>> {
    let made: HashMap<&str, usize> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.method == Method::Post)
        .filter_map(|(i, operation)| Some((operation.bulk_id.as_deref()?, i)))
        .collect();
    let needs: Vec<Vec<usize>> = operations
        .iter()
        .map(|operation| {
            let mut needs: Vec<usize> =
                referred(operation).iter().filter_map(|name| made.get(name.as_str()).copied()).collect();
            needs.sort_unstable();
            needs.dedup();
            needs
        })
        .collect();
    let circles = circles(&needs);

    let mut waiting = vec![0usize; circles.len()];
    let mut followers = vec![Vec::new(); circles.len()];
    let mut circle_of = vec![0; operations.len()];
    for (circle, members) in circles.iter().enumerate() {
        for &i in members {
            circle_of[i] = circle;
        }
    }
    for (i, needs) in needs.iter().enumerate() {
        for &needed in needs.iter().filter(|&&needed| circle_of[needed] != circle_of[i]) {
            waiting[circle_of[i]] += 1;
            followers[circle_of[needed]].push(circle_of[i]);
        }
    }
    let first = |circle: usize| Reverse((circles[circle][0], circle));
    let mut ready: BinaryHeap<_> =
        (0..circles.len()).filter(|&circle| waiting[circle] == 0).map(first).collect();
    let mut steps = Vec::with_capacity(circles.len());
    while let Some(Reverse((_, circle))) = ready.pop() {
        for &follower in &followers[circle] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                ready.push(first(follower));
            }
        }
        steps.push(circles[circle].clone());
    }
    steps
}

/// The strongly connected components (Tarjan's algorithm, without recursion), each in the client's order.
fn circles(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut found = Vec::new();
    let (mut number, mut low) = (vec![NEW; needs.len()], vec![NEW; needs.len()]);
    let mut open = vec![false; needs.len()];
    let (mut stack, mut next) = (Vec::new(), 0);
    for start in 0..needs.len() {
        if number[start] != NEW {
            continue;
        }
        let mut walk = vec![(start, 0)];
        while let Some((at, branch)) = walk.pop() {
            if branch == 0 {
                number[at] = next;
                low[at] = next;
                next += 1;
                stack.push(at);
                open[at] = true;
            }
            if let Some(&to) = needs[at].get(branch) {
                walk.push((at, branch + 1));
                if number[to] == NEW {
                    walk.push((to, 0));
                } else if open[to] {
                    low[at] = low[at].min(number[to]);
                }
                continue;
            }
            if let Some((above, _)) = walk.last() {
                low[*above] = low[*above].min(low[at]);
            }
            if low[at] != number[at] {
                continue;
            }
            let mut circle = Vec::new();
            while let Some(member) = stack.pop() {
                open[member] = false;
                circle.push(member);
                if member == at {
                    break;
                }
            }
            circle.sort_unstable();
            found.push(circle);
        }
    }
    found
}
