//! The attribute tables of RFC 7643 §4.1–§4.3.

use super::{Attribute, Kind, Mutability, ResourceType, Returned, Schema};

/// URN of the core User schema.
pub const CORE_USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core Group schema.
pub const CORE_GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension of User.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// People.
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "User accounts",
    schema: &USER_SCHEMA,
    extensions: &[&ENTERPRISE_USER_SCHEMA],
    sticky: &["active"],
};

/// Groups of people.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "Groups of users",
    schema: &GROUP_SCHEMA,
    extensions: &[],
    sticky: &["members"],
};

const WORK_HOME_OTHER: &[&str] = &["work", "home", "other"];
const DISPLAY: Attribute = Attribute::string("display", "Name for humans.");
const PRIMARY: Attribute = Attribute::boolean("primary", "Is this the preferred value?");
const TYPE: Attribute = Attribute::string("type", "What the value is for.");

/// RFC 7643 §4.1.
pub static USER_SCHEMA: Schema = Schema {
    urn: CORE_USER_URN,
    name: "User",
    description: "User account",
    extension: false,
    attributes: &[
        Attribute::string("userName", "The name that the user signs in with; unique, in any case.")
            .required()
            .unique(),
        Attribute::complex(
            "name",
            &[
                Attribute::string("formatted", "The whole name, for display."),
                Attribute::string("familyName", "Family or last name."),
                Attribute::string("givenName", "Given or first name."),
                Attribute::string("middleName", "Middle names."),
                Attribute::string("honorificPrefix", "Title, such as Dr."),
                Attribute::string("honorificSuffix", "Suffix, such as III."),
            ],
            "The parts of the user's name.",
        ),
        Attribute::string("displayName", "The name shown to others."),
        Attribute::string("nickName", "Casual name."),
        Attribute::reference("profileUrl", &["external"], "URL of the user's profile page."),
        Attribute::string("title", "Job title."),
        Attribute::string("userType", "Relation to the organization, such as Contractor."),
        Attribute::string("preferredLanguage", "Preferred languages, as in Accept-Language."),
        Attribute::string("locale", "Locale for dates and numbers."),
        Attribute::string("timezone", "Time zone, such as Europe/Berlin."),
        Attribute::boolean("active", "May the user sign in and act?"),
        Attribute::string(
            "password",
            "Accepted and thrown away; sign-in is the identity provider's business.",
        )
        .mutability(Mutability::WriteOnly)
        .returned(Returned::Never),
        Attribute::list(
            "emails",
            &[
                Attribute::string("value", "E-mail address."),
                DISPLAY,
                TYPE.canonical(WORK_HOME_OTHER),
                PRIMARY,
            ],
            "E-mail addresses.",
        ),
        Attribute::list(
            "phoneNumbers",
            &[
                Attribute::string("value", "Phone number."),
                DISPLAY,
                TYPE.canonical(&["work", "home", "mobile", "fax", "pager", "other"]),
                PRIMARY,
            ],
            "Phone numbers.",
        ),
        Attribute::list(
            "ims",
            &[
                Attribute::string("value", "Instant messaging address."),
                DISPLAY,
                TYPE.canonical(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
                PRIMARY,
            ],
            "Instant messaging addresses.",
        ),
        Attribute::list(
            "photos",
            &[
                Attribute::reference("value", &["external"], "URL of the photo."),
                DISPLAY,
                TYPE.canonical(&["photo", "thumbnail"]),
                PRIMARY,
            ],
            "Photos.",
        ),
        Attribute::list(
            "addresses",
            &[
                Attribute::string("formatted", "The whole address, for display or labels."),
                Attribute::string("streetAddress", "Street, house number, post-office box."),
                Attribute::string("locality", "City."),
                Attribute::string("region", "State or region."),
                Attribute::string("postalCode", "Postal code."),
                Attribute::string("country", "Country, ISO 3166-1 alpha-2."),
                TYPE.canonical(WORK_HOME_OTHER),
                PRIMARY,
            ],
            "Postal addresses.",
        ),
        Attribute::list(
            "groups",
            &[
                Attribute::string("value", "Id of the group.").case_exact().read_only(),
                Attribute::reference("$ref", &["Group"], "URI of the group.").read_only(),
                Attribute::string("display", "Name of the group.").read_only(),
                Attribute::string("type", "Member itself, or through another group?")
                    .canonical(&["direct", "indirect"])
                    .read_only(),
            ],
            "Groups that the user belongs to; changed through the groups.",
        )
        .read_only(),
        Attribute::list(
            "entitlements",
            &[Attribute::string("value", "Entitlement."), DISPLAY, TYPE, PRIMARY],
            "Things that the user is entitled to.",
        ),
        Attribute::list(
            "roles",
            &[Attribute::string("value", "Role."), DISPLAY, TYPE, PRIMARY],
            "Roles of the user.",
        ),
        Attribute::list(
            "x509Certificates",
            &[
                Attribute::new("value", Kind::Binary, "DER certificate in base64.").case_exact(),
                DISPLAY,
                TYPE,
                PRIMARY,
            ],
            "Certificates issued to the user.",
        ),
    ],
};

/// RFC 7643 §4.3.
pub static ENTERPRISE_USER_SCHEMA: Schema = Schema {
    urn: ENTERPRISE_URN,
    name: "EnterpriseUser",
    description: "Enterprise User",
    extension: true,
    attributes: &[
        Attribute::string("employeeNumber", "Identifier assigned by the organization."),
        Attribute::string("costCenter", "Cost center."),
        Attribute::string("organization", "Organization."),
        Attribute::string("division", "Division."),
        Attribute::string("department", "Department."),
        Attribute::complex(
            "manager",
            &[
                Attribute::string("value", "Id of the manager.").case_exact(),
                Attribute::reference("$ref", &["User"], "URI of the manager."),
                Attribute::string("displayName", "Name of the manager.").read_only(),
            ],
            "The user's manager.",
        ),
    ],
};

/// RFC 7643 §4.2.
pub static GROUP_SCHEMA: Schema = Schema {
    urn: CORE_GROUP_URN,
    name: "Group",
    description: "Group",
    extension: false,
    attributes: &[
        Attribute::string("displayName", "Name of the group; unique, in any case.").required().unique(),
        Attribute::list(
            "members",
            &[
                Attribute::string("value", "Id of the member.")
                    .case_exact()
                    .mutability(Mutability::Immutable),
                Attribute::reference("$ref", &["User", "Group"], "URI of the member.")
                    .mutability(Mutability::Immutable),
                Attribute::string("type", "Kind of member.")
                    .canonical(&["User", "Group"])
                    .mutability(Mutability::Immutable),
                Attribute::string("display", "Name of the member, as it is now.")
                    .read_only()
                    .returned(Returned::Request),
            ],
            "Members of the group.",
        ),
    ],
};

/// URN of roles in draft-ietf-scim-roles-entitlements.
pub const ROLE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Role";
/// URN of entitlements in draft-ietf-scim-roles-entitlements.
pub const ENTITLEMENT_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Entitlement";
/// URN under which Okta looks for roles.
pub const OKTA_ROLE_URN: &str = "urn:okta:scim:schemas:core:1.0:Role";
/// URN under which Okta looks for entitlements.
pub const OKTA_ENTITLEMENT_URN: &str = "urn:okta:scim:schemas:core:1.0:Entitlement";

/// Values that `roles` may have.
pub static ROLE: ResourceType = assignable("Role", "/Roles", "Roles that users can have", &ROLE_SCHEMA);
/// Values that `entitlements` may have.
pub static ENTITLEMENT: ResourceType =
    assignable("Entitlement", "/Entitlements", "Entitlements that users can have", &ENTITLEMENT_SCHEMA);
/// [`ROLE`], as Okta reads it.
pub static OKTA_ROLE: ResourceType =
    assignable("Role", "/Roles", "Roles that users can have", &OKTA_ROLE_SCHEMA);
/// [`ENTITLEMENT`], as Okta reads it.
pub static OKTA_ENTITLEMENT: ResourceType =
    assignable("Entitlement", "/Entitlements", "Entitlements that users can have", &OKTA_ENTITLEMENT_SCHEMA);

const fn assignable(
    name: &'static str,
    endpoint: &'static str,
    description: &'static str,
    schema: &'static Schema,
) -> ResourceType {
    ResourceType { name, endpoint, description, schema, extensions: &[], sticky: &[] }
}

const fn schema_of(
    urn: &'static str,
    name: &'static str,
    description: &'static str,
    attributes: &'static [Attribute],
) -> Schema {
    Schema { urn, name, description, extension: false, attributes }
}

const KIND: Attribute = Attribute::string("type", "Kind of the value.").read_only();
const ASSIGNABLE: &[Attribute] = &[
    Attribute::string("value", "What the attribute of a user has for a value.").required().read_only(),
    Attribute::string("display", "Name for humans.").read_only(),
    KIND,
    Attribute::boolean("supported", "Can users have it now?").required().read_only(),
];
const OKTA_ASSIGNABLE: &[Attribute] =
    &[Attribute::string("displayName", "Name for humans.").required().read_only(), KIND];
static ROLE_SCHEMA: Schema = schema_of(ROLE_URN, "Role", "A role that users can have", ASSIGNABLE);
static ENTITLEMENT_SCHEMA: Schema =
    schema_of(ENTITLEMENT_URN, "Entitlement", "An entitlement that users can have", ASSIGNABLE);
static OKTA_ROLE_SCHEMA: Schema =
    schema_of(OKTA_ROLE_URN, "Role", "A role that users can have", OKTA_ASSIGNABLE);
static OKTA_ENTITLEMENT_SCHEMA: Schema =
    schema_of(OKTA_ENTITLEMENT_URN, "Entitlement", "An entitlement that users can have", OKTA_ASSIGNABLE);
