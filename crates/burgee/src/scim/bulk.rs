//! `/Bulk` (RFC 7644 §3.7): each operation is done as if it had come alone, in a transaction of its own. Only resources
//! that refer to each other in a circle are made together, all or none.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use burgee_scim::bulk::{self, Ids, Operation, RESPONSE_URN};
use burgee_scim::{Error as Scim, Object};
use serde_json::{Value, json};

use super::edit::{Edit, begin, is_late};
use super::fault::Fault;
use super::resource::{Draft, Patch, kind};
use super::router::{self, Call};
use super::target::Target;
use super::{finish, reply};
use crate::error::{Error, Result};
use crate::provisioning::journal::Act;
use crate::provisioning::signals::Verb;
use crate::provisioning::{Noun, Provisioned};

/// What came of an operation.
struct Done {
    status: StatusCode,
    /// The entity tag, unless the resource is gone.
    version: Option<String>,
    location: String,
}

type Outcome = Result<Done, Fault>;

/// Answers a bulk request.
pub(super) async fn answer(call: &Call, body: Object) -> Result<Response, Fault> {
    let request = bulk::parse(body, call.mode())?;
    // Headers are about the request as a whole.
    let call = &Call { headers: HeaderMap::new(), ..call.clone() };
    let operations = &request.operations;
    let mut ids = Ids::of(operations);
    let mut results: Vec<Option<Value>> = vec![None; operations.len()];
    let mut errors = 0;
    let mut unavailable: Option<Fault> = None;
    for step in bulk::plan(operations) {
        if request.fail_on_errors.is_some_and(|most| errors >= most) {
            break;
        }
        let outcomes = match &unavailable {
            // Whatever comes now would only wait in vain for the database.
            Some(fault) => step.iter().map(|_| Err(fault.clone())).collect(),
            None => run(call, &ids, operations, &step).await,
        };
        for (i, outcome) in step.into_iter().zip(outcomes) {
            let operation = &operations[i];
            match &outcome {
                Ok(done) => ids.made(operation, done.location.rsplit('/').next().unwrap_or_default()),
                Err(fault) => {
                    ids.failed(operation);
                    errors += 1;
                    if fault.status() == StatusCode::SERVICE_UNAVAILABLE {
                        unavailable = Some(fault.clone());
                    }
                }
            }
            results[i] = Some(result(call, &ids, operation, outcome));
        }
    }
    let results: Vec<Value> = results.into_iter().flatten().collect();
    let body = json!({ "schemas": [RESPONSE_URN], "Operations": results });
    Ok(reply::json(StatusCode::OK, body.to_string()))
}

/// Does one step of the plan.
async fn run(call: &Call, ids: &Ids, operations: &[Operation], step: &[usize]) -> Vec<Outcome> {
    let step: Vec<&Operation> = step.iter().map(|i| &operations[*i]).collect();
    if let [operation] = step.as_slice()
        && !ids.is_waiting(operation)
    {
        return vec![alone(call, ids, operation).await];
    }
    let made = match together(call, ids.clone(), &step).await {
        Err((_, error)) if is_late(&error) => together(call, ids.clone(), &step).await,
        made => made,
    };
    match made {
        Ok(made) => made.into_iter().map(|(noun, made)| Ok(created(call, noun, &made))).collect(),
        Err((culprit, error)) => {
            let fault = Fault::from(error);
            call.notebook.begin(Act::Create, None);
            call.notebook.refuse(&fault);
            let mut ids = ids.clone();
            if let Some(culprit) = culprit {
                ids.failed(step[culprit]);
            }
            // The others hear what it is that they refer to in vain.
            let of = |at: usize| match ids.resolve(step[at]) {
                Err(error) if culprit.is_some_and(|culprit| culprit != at) => Err(error.into()),
                _ => Err(fault.clone()),
            };
            (0..step.len()).map(of).collect()
        }
    }
}

/// Does one operation.
async fn alone(call: &Call, ids: &Ids, operation: &Operation) -> Outcome {
    let ready = ids.resolve(operation).map_err(Fault::from).and_then(|operation| {
        let target = target(call, &operation.path)?;
        Ok((operation, target))
    });
    let (operation, target) = ready.inspect_err(|fault| {
        call.notebook.begin(Act::Other, None);
        call.notebook.refuse(fault);
    })?;
    let method = match operation.method {
        bulk::Method::Post => Method::POST,
        bulk::Method::Put => Method::PUT,
        bulk::Method::Patch => Method::PATCH,
        bulk::Method::Delete => Method::DELETE,
    };
    let mut headers = HeaderMap::new();
    if let Some(version) = &operation.version {
        let version = HeaderValue::from_str(version)
            .map_err(|_| Scim::invalid_value("version is not an entity tag"))?;
        headers.insert(header::IF_MATCH, version);
    }
    // Nothing of the answer but its head is told.
    let call = Call { headers, query: "attributes=id".to_owned(), ..call.clone() };
    let response = router::answer(&call, &method, &target, operation.data).await?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let location = header(header::LOCATION).or_else(|| location(&call, &target)).unwrap_or_default();
    Ok(Done { status: response.status(), version: header(header::ETAG), location })
}

/// Makes resources that refer to each other: first without these references, then the references. With an error comes
/// whose it is, if it is one's.
async fn together(
    call: &Call,
    mut ids: Ids,
    circle: &[&Operation],
) -> Result<Vec<(Noun, Provisioned)>, (Option<usize>, Error)> {
    let nobodys = |error| (None, error);
    let mut tx = begin(call).await.map_err(nobodys)?;
    let mut made = Vec::with_capacity(circle.len());
    let mut rest = Vec::new();
    for (at, operation) in circle.iter().enumerate() {
        let one = async {
            let noun = match target(call, &operation.path)? {
                Target::Users => Noun::User,
                Target::Groups => Noun::Group,
                target => {
                    return Err(Scim::status(405, format!("This path takes {}.", target.methods())).into());
                }
            };
            let (shell, later) = ids.shell(operation)?;
            let draft = Draft::read(call, noun, shell.data)?;
            Ok::<_, Error>((noun, draft.make(call, &mut tx).await?.0, later))
        };
        let (noun, one, later) = one.await.map_err(|error| (Some(at), error))?;
        ids.made(operation, &one.scim_id);
        made.push((noun, one));
        rest.push(later);
    }
    for (at, later) in rest.into_iter().enumerate().filter(|(_, later)| !later.is_empty()) {
        let (noun, one) = &mut made[at];
        let patched = async {
            let patch = Patch::read(call, *noun, ids.resolve(&later.patch(String::new()))?.data)?;
            let next = |current: &Object| patch.next(call, current);
            Edit { call, noun: *noun, verb: Verb::Patch, id: &one.scim_id, next, members: &patch.members }
                .within(&mut tx)
                .await
        };
        let (changed, _) = patched.await.map_err(|error| (Some(at), error))?;
        *one = changed;
    }
    finish::together(call, tx, &mut made).await.map_err(nobodys)?;
    Ok(made)
}

/// What an operation is about: users and groups, and nothing else.
fn target(call: &Call, path: &str) -> Result<Target> {
    let target = Target::parse(path);
    let is_resource = matches!(target, Target::Users | Target::User(_) | Target::Groups | Target::Group(_));
    if !is_resource || !Target::is_spelled(path, call.mode()) {
        return Err(Scim::not_found("Operations are for /Users and /Groups.").into());
    }
    Ok(target)
}

fn created(call: &Call, noun: Noun, made: &Provisioned) -> Done {
    let location = reply::location(&call.base, kind(noun), &made.scim_id);
    Done { status: StatusCode::CREATED, version: Some(reply::etag(made.version)), location }
}

/// Where the resource is, or was, that a path names.
fn location(call: &Call, target: &Target) -> Option<String> {
    match target {
        Target::User(id) => Some(reply::location(&call.base, kind(Noun::User), id)),
        Target::Group(id) => Some(reply::location(&call.base, kind(Noun::Group), id)),
        _ => None,
    }
}

fn result(call: &Call, ids: &Ids, operation: &Operation, outcome: Outcome) -> Value {
    let mut result = json!({ "method": operation.method.as_str() });
    if let Some(bulk_id) = &operation.bulk_id {
        result["bulkId"] = bulk_id.as_str().into();
    }
    match outcome {
        Ok(done) => {
            if let Some(version) = done.version {
                result["version"] = version.into();
            }
            result["location"] = done.location.into();
            result["status"] = done.status.as_str().into();
        }
        Err(fault) => {
            let path = ids.path(operation).ok();
            if let Some(location) = path.and_then(|path| location(call, &Target::parse(&path))) {
                result["location"] = location.into();
            }
            result["status"] = fault.status().as_str().into();
            result["response"] = fault.to_json();
        }
    }
    result
}
