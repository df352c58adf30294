//! The kinds of integrations: what each needs to know, and which facts it can tell.

/// A kind of integration.
#[derive(Debug)]
pub struct Provider {
    /// Its name on the wire.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Where the other side is documented.
    pub documentation: &'static str,
    /// Why not to use it any more.
    pub deprecated: Option<&'static str>,
    /// What it needs to know.
    pub parameters: &'static [Parameter],
    /// The event types that people choose from.
    pub events: &'static [&'static [&'static str]],
    /// The tag type with which a flag names its channel.
    pub tag_type: Option<(&'static str, &'static str)>,
}

/// One thing an integration needs to know.
#[derive(Debug)]
pub struct Parameter {
    /// Its name on the wire.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// How it is typed in.
    pub kind: Input,
    /// True if nothing goes without.
    pub required: bool,
    /// True for secrets: shown masked, never recorded.
    pub secret: bool,
}

/// How a parameter is typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A URL.
    Url,
    /// One line.
    Text,
    /// Several lines.
    Area,
}

impl Input {
    /// As the wire spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Text => "text",
            Self::Area => "textfield",
        }
    }
}

/// The provider with this name.
pub fn named(name: &str) -> Option<&'static Provider> {
    ALL.iter().find(|provider| provider.name == name)
}

/// The name of the parameter that holds more headers, as a JSON object.
pub const HEADERS: &str = "customHeaders";

const CUSTOM_HEADERS: Parameter = Parameter {
    name: HEADERS,
    label: "More HTTP headers",
    description: "A JSON object whose keys and values are text.",
    kind: Input::Area,
    required: false,
    secret: true,
};

const BODY: Parameter = Parameter {
    name: "bodyTemplate",
    label: "Body template",
    description: "A Mustache template with `event`, `eventJson` and `eventMarkdown`. Without it the body has a form \
                  that suits the other side.",
    kind: Input::Area,
    required: false,
    secret: false,
};

const WEBHOOK_URL: Parameter = Parameter {
    name: "url",
    label: "URL",
    description: "Where events are posted. Whoever knows it can post there.",
    kind: Input::Url,
    required: true,
    secret: true,
};

/// What all providers can tell.
const FLAGS: &[&str] = &[
    "feature-created",
    "feature-archived",
    "feature-revived",
    "feature-stale-on",
    "feature-stale-off",
    "feature-environment-enabled",
    "feature-environment-disabled",
    "feature-strategy-remove",
    "feature-strategy-update",
    "feature-strategy-add",
    "feature-metadata-updated",
    "feature-project-change",
    "feature-potentially-stale-on",
];
const UPDATED: &[&str] = &["feature-updated"];
const VARIANTS: &[&str] = &["feature-variants-updated"];
const ENVIRONMENT_VARIANTS: &[&str] = &["feature-environment-variants-updated"];
const TAGS: &[&str] = &["feature-tagged", "feature-untagged"];
const PLANS: &[&str] = &["release-plan-progressions-paused", "release-plan-progressions-resumed"];
const CHANGE_REQUESTS: &[&str] = &[
    "change-request-created",
    "change-request-discarded",
    "change-added",
    "change-discarded",
    "change-request-approved",
    "change-request-approval-added",
    "change-request-cancelled",
    "change-request-sent-to-review",
    "change-request-applied",
    "change-request-scheduled",
    "change-request-scheduled-application-success",
    "change-request-scheduled-application-failure",
    "change-request-schedule-suspended",
];
const REVIEWS: &[&str] = &["change-edited", "change-request-rejected"];
const INSTANCE: &[&str] = &[
    "addon-config-created",
    "addon-config-deleted",
    "addon-config-updated",
    "api-token-created",
    "api-token-deleted",
    "context-field-created",
    "context-field-deleted",
    "context-field-updated",
    "feature-deleted",
    "group-created",
    "group-deleted",
    "group-updated",
    "banner-created",
    "banner-updated",
    "banner-deleted",
    "project-created",
    "project-archived",
    "project-deleted",
    "segment-created",
    "segment-deleted",
    "segment-updated",
    "service-account-created",
    "service-account-deleted",
    "service-account-updated",
    "user-created",
    "user-deleted",
    "user-updated",
    "user-access-request-registered",
    "user-access-request-approved",
    "user-access-request-rejected",
];
const WORKFLOW_EVENTS: &[&[&str]] = &[FLAGS, UPDATED, VARIANTS, CHANGE_REQUESTS, REVIEWS, PLANS];
const MONITORING_EVENTS: &[&[&str]] = &[FLAGS, UPDATED, ENVIRONMENT_VARIANTS];

/// All kinds of integrations.
pub const ALL: &[Provider] = &[
    Provider {
        name: "webhook",
        label: "Webhook",
        description: "Posts events to any HTTP server.",
        documentation: "https://en.wikipedia.org/wiki/Webhook",
        deprecated: None,
        parameters: &[
            WEBHOOK_URL,
            Parameter {
                name: "contentType",
                label: "Content type",
                description: "The Content-Type header; `application/json` if left out.",
                kind: Input::Text,
                required: false,
                secret: false,
            },
            Parameter {
                name: "authorization",
                label: "Authorization",
                description: "The Authorization header.",
                kind: Input::Text,
                required: false,
                secret: true,
            },
            CUSTOM_HEADERS,
            BODY,
        ],
        events: &[FLAGS, UPDATED, &["feature-completed"], VARIANTS, TAGS, CHANGE_REQUESTS, PLANS],
        tag_type: None,
    },
    Provider {
        name: "slack",
        label: "Slack",
        description: "Posts messages to an incoming webhook of Slack.",
        documentation: "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
        deprecated: Some("Use the app for Slack instead."),
        parameters: &[
            WEBHOOK_URL,
            Parameter {
                name: "username",
                label: "User name",
                description: "Under which messages are posted.",
                kind: Input::Text,
                required: false,
                secret: false,
            },
            Parameter {
                name: "emojiIcon",
                label: "Emoji",
                description: "The picture beside the messages, such as `:triangular_flag_on_post:`.",
                kind: Input::Text,
                required: false,
                secret: false,
            },
            Parameter {
                name: "defaultChannel",
                label: "Channel",
                description: "Where messages go about flags without a `slack` tag.",
                kind: Input::Text,
                required: true,
                secret: false,
            },
            CUSTOM_HEADERS,
        ],
        events: &[FLAGS, UPDATED, VARIANTS, PLANS],
        tag_type: Some(("slack", "The Slack channel for messages about the flag.")),
    },
    Provider {
        name: "slack-app",
        label: "App for Slack",
        description: "Posts messages to channels of Slack, as a bot.",
        documentation: "https://docs.slack.dev/authentication/tokens",
        deprecated: None,
        parameters: &[
            Parameter {
                name: "accessToken",
                label: "Access token",
                description: "The token of the bot.",
                kind: Input::Text,
                required: true,
                secret: true,
            },
            Parameter {
                name: "defaultChannels",
                label: "Channels",
                description: "Names of channels, separated by commas, that get every message.",
                kind: Input::Text,
                required: false,
                secret: false,
            },
        ],
        events: &[FLAGS, ENVIRONMENT_VARIANTS, TAGS, CHANGE_REQUESTS, REVIEWS, PLANS, INSTANCE],
        tag_type: Some(("slack", "The Slack channel for messages about the flag.")),
    },
    Provider {
        name: "teams",
        label: "Microsoft Teams",
        description: "Posts messages to a connector of Microsoft Teams.",
        documentation: "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/what-are-webhooks-and-connectors",
        deprecated: Some("Use Microsoft Teams - Workflow instead."),
        parameters: &[WEBHOOK_URL, CUSTOM_HEADERS],
        events: WORKFLOW_EVENTS,
        tag_type: None,
    },
    Provider {
        name: "datadog",
        label: "Datadog",
        description: "Posts events to Datadog's event stream.",
        documentation: "https://docs.datadoghq.com/api/latest/events/",
        deprecated: None,
        parameters: &[
            Parameter {
                name: "url",
                label: "Datadog events URL",
                description: "For sites other than US1; `https://api.datadoghq.com/api/v1/events` if left out.",
                kind: Input::Url,
                required: false,
                secret: false,
            },
            Parameter {
                name: "apiKey",
                label: "Datadog API key",
                description: "The key with which events are posted.",
                kind: Input::Text,
                required: true,
                secret: true,
            },
            Parameter {
                name: "sourceTypeName",
                label: "Source type",
                description: "The `source_type_name` of the events.",
                kind: Input::Text,
                required: false,
                secret: false,
            },
            CUSTOM_HEADERS,
            BODY,
        ],
        events: MONITORING_EVENTS,
        tag_type: Some(("datadog", "A tag for Datadog's events about the flag.")),
    },
    Provider {
        name: "new-relic",
        label: "New Relic",
        description: "Posts events to New Relic's Event API.",
        documentation: "https://docs.newrelic.com/docs/data-apis/ingest-apis/event-api/introduction-event-api/",
        deprecated: None,
        parameters: &[
            Parameter {
                name: "url",
                label: "New Relic events URL",
                description: "The URL of your account in your region.",
                kind: Input::Url,
                required: true,
                secret: false,
            },
            Parameter {
                name: "licenseKey",
                label: "New Relic license key",
                description: "The key with which events are posted.",
                kind: Input::Text,
                required: true,
                secret: true,
            },
            CUSTOM_HEADERS,
            BODY,
        ],
        events: MONITORING_EVENTS,
        tag_type: Some(("new-relic", "A tag for New Relic's events about the flag.")),
    },
    Provider {
        name: "teamsworkflow",
        label: "Microsoft Teams - Workflow",
        description: "Posts messages to a workflow of Microsoft Teams.",
        documentation: "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
        deprecated: None,
        parameters: &[WEBHOOK_URL, CUSTOM_HEADERS],
        events: WORKFLOW_EVENTS,
        tag_type: None,
    },
];
