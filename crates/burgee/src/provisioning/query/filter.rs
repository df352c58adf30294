//! Filters as conditions. They are never NULL, so that `NOT` is the complement.
//!
//! User attributes without a column of their own are rows of `scim_leaves`; a filter on one element of a list is a
//! search for one row, with further looks at the rows of the same element.

use burgee_scim::schema::Kind;
use burgee_scim::{AttrRef, Checked, Op, Operand, Test};

use super::{Column, column, compare};
use crate::db::{Engine, Sql};
use crate::error::{Error, Result};
use crate::provisioning::Noun;
use crate::provisioning::user::{index_key, is_long};

/// What writes the tests of a filter.
type Leaf<'f> = dyn Fn(&mut Compiler<'_>, &Checked) -> Result<()> + 'f;

/// Writes conditions on `scim_users r` or `scim_groups r` into a statement.
pub(super) struct Compiler<'a> {
    pub(super) sql: &'a mut Sql,
    pub(super) engine: Engine,
    pub(super) connection: i64,
    pub(super) noun: Noun,
}

impl Compiler<'_> {
    /// A user or group passes the filter.
    pub(super) fn node(&mut self, node: &Checked) -> Result<()> {
        self.logic(node, &|compiler, node| match node {
            Checked::Test(test) => compiler.test(test),
            Checked::Element { attr, filter } => compiler.element(attr, filter),
            constant => {
                compiler.sql.push(if *constant == Checked::Const(true) { "TRUE" } else { "FALSE" });
                Ok(())
            }
        })
    }

    /// Writes the logic of a filter; `leaf` writes what is no logic.
    fn logic(&mut self, node: &Checked, leaf: &Leaf<'_>) -> Result<()> {
        match node {
            Checked::And(nodes) => self.joined(nodes, " AND ", leaf),
            Checked::Or(nodes) => self.joined(nodes, " OR ", leaf),
            Checked::Not(node) => {
                self.sql.push("NOT (");
                self.logic(node, leaf)?;
                self.sql.push(")");
                Ok(())
            }
            other => leaf(self, other),
        }
    }

    fn joined(&mut self, nodes: &[Checked], word: &'static str, leaf: &Leaf<'_>) -> Result<()> {
        self.sql.push("(");
        for (index, node) in nodes.iter().enumerate() {
            self.sql.push(if index == 0 { "" } else { word });
            self.logic(node, leaf)?;
        }
        self.sql.push(")");
        Ok(())
    }

    fn test(&mut self, test: &Test) -> Result<()> {
        let key = test.attr.key();
        if test.op == Op::Pr && (key == "meta" || key == "schemas") {
            self.sql.push("TRUE");
            return Ok(());
        }
        match column(self.noun, &key) {
            Some(Column::Text(name)) => self.text(name, test.op, &test.operand),
            Some(Column::Optional(name)) => {
                self.sql.push("(").push(name).push(" IS NOT NULL AND ");
                self.text(name, test.op, &test.operand)?;
                self.sql.push(")");
                Ok(())
            }
            Some(Column::Time(name)) => {
                compare::time(self.sql, name, test.op, &test.operand);
                Ok(())
            }
            Some(Column::Bool(name)) => {
                match test.operand {
                    Operand::Bool(wanted) => {
                        self.sql.push(name).push(if wanted { " = TRUE" } else { " = FALSE" })
                    }
                    _ => self.sql.push("TRUE"),
                };
                Ok(())
            }
            Some(Column::Constant(value)) => self.constant(value, test),
            None if test.attr.attribute.name == "meta" => Err(unsearchable(&key)),
            None => match (self.noun, test.attr.attribute.name) {
                (Noun::User, "groups") => self.groups_of_user(&Checked::Test(test.clone())),
                (Noun::Group, "members") => self.members_of_group(&Checked::Test(test.clone())),
                (Noun::Group, "schemas") => Err(unsearchable(&key)),
                (Noun::Group, _) => {
                    self.sql.push("FALSE");
                    Ok(())
                }
                (Noun::User, _) => {
                    self.sql.push("r.id IN (SELECT l.owner FROM scim_leaves l WHERE ");
                    self.leaf("l", test)?;
                    self.sql.push(")");
                    Ok(())
                }
            },
        }
    }

    /// One row of `scim_leaves`, under the name `alias`, passes the test.
    fn leaf(&mut self, alias: &'static str, test: &Test) -> Result<()> {
        self.attribute(alias, &test.attr);
        self.sql.push(" AND ");
        self.value(alias, test)
    }

    /// A row is about an attribute, or about any part of a complex one.
    fn attribute(&mut self, alias: &'static str, attr: &AttrRef) {
        self.sql.push(alias).push(".attribute");
        if attr.leaf().kind != Kind::Complex {
            self.sql.push(" = ").bind(attr.key());
            return;
        }
        self.sql.push(" IN (");
        self.sql.bind(attr.with_sub(None).key());
        for sub in attr.attribute.sub_attributes {
            self.sql.push(", ").bind(attr.with_sub(Some(sub)).key());
        }
        self.sql.push(")");
    }

    /// The value in a row passes the test. Long values are indexed by their beginning and a digest, which answers
    /// for equality, and for order and prefixes as long as the operand is not long too.
    fn value(&mut self, alias: &'static str, test: &Test) -> Result<()> {
        let (key, whole) = match alias {
            "l" => ("l.value", "COALESCE(l.whole, l.value)"),
            _ => ("x.value", "COALESCE(x.whole, x.value)"),
        };
        match (test.op, &test.operand) {
            (Op::Eq | Op::Ne, Operand::Text(text) | Operand::Folded(text)) => {
                self.sql.push(key).push(" = ").bind(index_key(text));
                Ok(())
            }
            (Op::Co | Op::Ew, _) => self.text(whole, test.op, &test.operand),
            (_, Operand::Text(text) | Operand::Folded(text)) if is_long(text) => {
                self.text(whole, test.op, &test.operand)
            }
            _ => self.text(key, test.op, &test.operand),
        }
    }

    /// One element of a list passes the filter. The search starts from a test that an index answers, where the
    /// filter has one that every hit must pass.
    fn element(&mut self, attr: &AttrRef, filter: &Checked) -> Result<()> {
        match (self.noun, attr.attribute.name) {
            // There is one, and its parts are columns.
            (_, "meta") => return self.node(filter),
            (Noun::Group, "members") => return self.members_of_group(filter),
            (Noun::Group, _) => {
                self.sql.push("FALSE");
                return Ok(());
            }
            (Noun::User, "groups") => return self.groups_of_user(filter),
            (Noun::User, _) => {}
        }
        self.sql.push("r.id IN (SELECT l.owner FROM scim_leaves l WHERE ");
        let rest: Vec<&Checked> = match filter {
            Checked::And(nodes) => nodes.iter().collect(),
            other => vec![other],
        };
        let anchor = rest.iter().position(|node| selective(node, Op::Eq)).or_else(|| {
            rest.iter().position(|node| matches!(node, Checked::Test(test) if leaf_of_its_own(test)))
        });
        match anchor.map(|index| (index, rest[index])) {
            Some((_, Checked::Test(test))) => self.leaf("l", test)?,
            _ => self.attribute("l", &attr.with_sub(None)),
        }
        for (index, node) in rest.iter().enumerate() {
            if Some(index) != anchor {
                self.sql.push(" AND ");
                self.same_element(node)?;
            }
        }
        self.sql.push(")");
        Ok(())
    }

    /// The element that row `l` belongs to passes the filter.
    fn same_element(&mut self, node: &Checked) -> Result<()> {
        self.logic(node, &|compiler, node| match node {
            Checked::Test(test) if is_type(test) => {
                compiler.sql.push("(l.element_type IS NOT NULL AND ");
                compiler.text("l.element_type", test.op, &test.operand)?;
                compiler.sql.push(")");
                Ok(())
            }
            Checked::Test(test) if test.operand == Operand::Bool(true) && sub_name(test) == "primary" => {
                compiler.sql.push("l.is_primary = TRUE");
                Ok(())
            }
            Checked::Test(test) => {
                compiler.sql.push(
                    "EXISTS (SELECT 1 FROM scim_leaves x WHERE x.owner = l.owner AND x.ordinal = l.ordinal AND ",
                );
                compiler.leaf("x", test)?;
                compiler.sql.push(")");
                Ok(())
            }
            other => compiler.node(other),
        })
    }

    /// SQLite joins in the order in which CROSS JOIN is written: from the group to its members.
    fn groups_of_user(&mut self, filter: &Checked) -> Result<()> {
        self.sql.push(
            "r.id IN (WITH RECURSIVE found (id) AS (
                 SELECT g.group_id FROM scim_groups g WHERE g.connection_id = ",
        );
        self.sql.bind(self.connection).push(" AND ");
        self.logic(filter, &|compiler, node| match node {
            Checked::Test(test) => match sub_name(test) {
                "value" => compiler.text("g.scim_id", test.op, &test.operand),
                "display" => compiler.text("g.display_name_ci", test.op, &test.operand),
                _ => compiler.there(test),
            },
            other => compiler.node(other),
        })?;
        self.sql.push(
            " UNION SELECT c.child_id FROM found f CROSS JOIN group_groups c WHERE c.parent_id = f.id)
             SELECT s.id FROM found f CROSS JOIN group_users m CROSS JOIN scim_users s
             WHERE m.group_id = f.id AND m.unwanted = FALSE AND s.user_id = m.user_id)",
        );
        Ok(())
    }

    fn members_of_group(&mut self, filter: &Checked) -> Result<()> {
        self.sql.push(
            "r.id IN (SELECT p.id FROM group_users m JOIN scim_users u ON u.user_id = m.user_id
             JOIN scim_groups p ON p.group_id = m.group_id WHERE m.unwanted = FALSE AND ",
        );
        self.member(filter, "u.scim_id", "user")?;
        self.sql.push(
            " UNION SELECT p.id FROM group_groups m JOIN scim_groups c ON c.group_id = m.child_id
             JOIN scim_groups p ON p.group_id = m.parent_id WHERE ",
        );
        self.member(filter, "c.scim_id", "group")?;
        self.sql.push(")");
        Ok(())
    }

    /// A member, whose id is in the column `id` and whose type is `kind`, passes the filter.
    fn member(&mut self, node: &Checked, id: &'static str, kind: &'static str) -> Result<()> {
        self.logic(node, &|compiler, node| match node {
            Checked::Test(test) => match sub_name(test) {
                "value" => compiler.text(id, test.op, &test.operand),
                "type" => compiler.constant(kind, test),
                _ => compiler.there(test),
            },
            other => compiler.node(other),
        })
    }

    /// A part that every element has, and that nobody searches.
    fn there(&mut self, test: &Test) -> Result<()> {
        if test.op != Op::Pr {
            return Err(unsearchable(&test.attr.key()));
        }
        self.sql.push("TRUE");
        Ok(())
    }

    /// The same comparison as with a column, with a constant in its place.
    fn constant(&mut self, value: &'static str, test: &Test) -> Result<()> {
        self.sql.push("EXISTS (SELECT 1 FROM (SELECT CAST(").bind(value);
        self.sql.push(" AS TEXT) AS value) k WHERE ");
        self.text("k.value", test.op, &test.operand)?;
        self.sql.push(")");
        Ok(())
    }

    fn text(&mut self, column: &'static str, op: Op, operand: &Operand) -> Result<()> {
        compare::text(self.sql, self.engine, column, op, operand)
    }
}

/// A condition on the members of a group; for removing those that match.
pub(in crate::provisioning) fn member_condition(
    sql: &mut Sql,
    engine: Engine,
    connection: i64,
    filter: &Checked,
    id: &'static str,
    kind: &'static str,
) -> Result<()> {
    Compiler { sql, engine, connection, noun: Noun::Group }.member(filter, id, kind)
}

fn unsearchable(key: &str) -> Error {
    Error::Scim(burgee_scim::Error::invalid_filter(format!("{key} cannot be searched")))
}

fn sub_name(test: &Test) -> &'static str {
    test.attr.sub.map_or("", |sub| sub.name)
}

fn is_type(test: &Test) -> bool {
    sub_name(test) == "type"
}

/// True for a test that has a row of `scim_leaves` to itself, so that the search can start there.
fn leaf_of_its_own(test: &Test) -> bool {
    !is_type(test) && sub_name(test) != "primary"
}

fn selective(node: &Checked, op: Op) -> bool {
    matches!(node, Checked::Test(test) if test.op == op && leaf_of_its_own(test))
}
