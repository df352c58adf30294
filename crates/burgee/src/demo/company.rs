//! Tidewater, an invented company that delivers groceries: its people, groups, flags and applications.

use super::caller::Caller;
use super::story::Crew;

/// Somebody who works there.
pub(super) struct Person {
    pub(super) handle: &'static str,
    pub(super) given: &'static str,
    pub(super) family: &'static str,
    pub(super) title: &'static str,
    /// The names of their groups; the first one is their department.
    pub(super) groups: &'static [&'static str],
}

impl Person {
    pub(super) fn email(&self) -> String {
        format!("{}@tidewater.example", self.handle)
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }
}

pub(super) const ADMINS: &str = "Platform admins";
pub(super) const ENGINEERING: &str = "Engineering";
pub(super) const MOBILE: &str = "Mobile";
pub(super) const PAYMENTS: &str = "Payments";
pub(super) const PRODUCT: &str = "Product";
pub(super) const DATA: &str = "Data";
pub(super) const SUPPORT: &str = "Customer support";
pub(super) const MARKETING: &str = "Marketing";

/// The groups that the identity provider pushes, in this order.
pub(super) const GROUPS: [&str; 8] =
    [ADMINS, ENGINEERING, MOBILE, PAYMENTS, PRODUCT, DATA, SUPPORT, MARKETING];

const fn person(
    handle: &'static str,
    given: &'static str,
    family: &'static str,
    title: &'static str,
    groups: &'static [&'static str],
) -> Person {
    Person { handle, given, family, title, groups }
}

/// Those who used flags before there was an identity provider. The story tells what they do.
pub(super) const FOUNDERS: [Person; 6] = [
    person("marit.solberg", "Marit", "Solberg", "Head of platform", &[ENGINEERING, ADMINS]),
    person("jonas.weber", "Jonas", "Weber", "Senior engineer, checkout", &[ENGINEERING]),
    person("priya.raman", "Priya", "Raman", "Product manager, storefront", &[PRODUCT]),
    person("tomas.herrera", "Tomás", "Herrera", "Lead engineer, apps", &[MOBILE, ENGINEERING]),
    person("aiko.tanaka", "Aiko", "Tanaka", "Engineer, payments", &[PAYMENTS, ENGINEERING]),
    person("ben.carter", "Ben", "Carter", "Engineer, growth", &[ENGINEERING]),
];

/// Everybody else who is there when the identity provider is connected.
pub(super) const PEOPLE: [Person; 53] = [
    person("ingrid.dahl", "Ingrid", "Dahl", "Site reliability engineer", &[ENGINEERING, ADMINS]),
    person("samuel.okafor", "Samuel", "Okafor", "Security engineer", &[ENGINEERING, ADMINS]),
    person("lukas.brandt", "Lukas", "Brandt", "Engineer, search", &[ENGINEERING]),
    person("chloe.martin", "Chloé", "Martin", "Engineer, search", &[ENGINEERING]),
    person("arjun.mehta", "Arjun", "Mehta", "Engineer, delivery", &[ENGINEERING]),
    person("nora.lindqvist", "Nora", "Lindqvist", "Engineer, delivery", &[ENGINEERING]),
    person("pavel.novak", "Pavel", "Novák", "Engineer, delivery", &[ENGINEERING]),
    person("grace.mbeki", "Grace", "Mbeki", "Engineer, storefront", &[ENGINEERING]),
    person("hugo.laurent", "Hugo", "Laurent", "Engineer, storefront", &[ENGINEERING]),
    person("yuki.sato", "Yuki", "Sato", "Engineer, storefront", &[ENGINEERING]),
    person("maja.kowalska", "Maja", "Kowalska", "Quality engineer", &[ENGINEERING]),
    person("daniel.rossi", "Daniel", "Rossi", "Engineer, loyalty", &[ENGINEERING]),
    person("fatima.zahra", "Fatima", "Zahra", "Engineer, loyalty", &[ENGINEERING]),
    person("erik.johansen", "Erik", "Johansen", "Engineer, platform", &[ENGINEERING]),
    person("leila.haddad", "Leila", "Haddad", "Engineer, platform", &[ENGINEERING]),
    person("owen.gallagher", "Owen", "Gallagher", "Engineering manager", &[ENGINEERING]),
    person("sofia.costa", "Sofia", "Costa", "Engineer, iOS", &[MOBILE]),
    person("minh.nguyen", "Minh", "Nguyen", "Engineer, iOS", &[MOBILE]),
    person("karin.vogel", "Karin", "Vogel", "Engineer, Android", &[MOBILE]),
    person("diego.fuentes", "Diego", "Fuentes", "Engineer, Android", &[MOBILE]),
    person("hana.kim", "Hana", "Kim", "Designer, apps", &[MOBILE, PRODUCT]),
    person("elias.berg", "Elias", "Berg", "Quality engineer, apps", &[MOBILE]),
    person("nadia.petrova", "Nadia", "Petrova", "Engineer, payments", &[PAYMENTS, ENGINEERING]),
    person("victor.almeida", "Victor", "Almeida", "Engineer, payments", &[PAYMENTS, ENGINEERING]),
    person("ruth.adler", "Ruth", "Adler", "Payments analyst", &[PAYMENTS]),
    person("simon.fischer", "Simon", "Fischer", "Fraud analyst", &[PAYMENTS]),
    person("amara.diallo", "Amara", "Diallo", "Compliance officer", &[PAYMENTS]),
    person("kenji.mori", "Kenji", "Mori", "Product manager, apps", &[PRODUCT, MOBILE]),
    person("olivia.bennett", "Olivia", "Bennett", "Product manager, payments", &[PRODUCT, PAYMENTS]),
    person("matteo.ricci", "Matteo", "Ricci", "Product manager, delivery", &[PRODUCT]),
    person("freya.nielsen", "Freya", "Nielsen", "Designer", &[PRODUCT]),
    person("tariq.aziz", "Tariq", "Aziz", "Designer", &[PRODUCT]),
    person("julia.wagner", "Julia", "Wagner", "User researcher", &[PRODUCT]),
    person("wei.zhang", "Wei", "Zhang", "Data scientist", &[DATA]),
    person("emma.lewis", "Emma", "Lewis", "Data scientist", &[DATA]),
    person("rahul.iyer", "Rahul", "Iyer", "Data engineer", &[DATA, ENGINEERING]),
    person("anna.kaminska", "Anna", "Kamińska", "Analyst", &[DATA]),
    person("joao.silva", "João", "Silva", "Analyst", &[DATA]),
    person("moses.otieno", "Moses", "Otieno", "Head of support", &[SUPPORT]),
    person("clara.hoffmann", "Clara", "Hoffmann", "Support agent", &[SUPPORT]),
    person("liam.murphy", "Liam", "Murphy", "Support agent", &[SUPPORT]),
    person("zeynep.kaya", "Zeynep", "Kaya", "Support agent", &[SUPPORT]),
    person("isabel.moreno", "Isabel", "Moreno", "Support agent", &[SUPPORT]),
    person("peter.svensson", "Peter", "Svensson", "Support agent", &[SUPPORT]),
    person("thandi.nkosi", "Thandi", "Nkosi", "Support agent", &[SUPPORT]),
    person("george.ilie", "George", "Ilie", "Support agent", &[SUPPORT]),
    person("sara.haugen", "Sara", "Haugen", "Head of marketing", &[MARKETING]),
    person("louis.bernard", "Louis", "Bernard", "Campaign manager", &[MARKETING]),
    person("mei.lin", "Mei", "Lin", "Campaign manager", &[MARKETING]),
    person("adam.walsh", "Adam", "Walsh", "Content editor", &[MARKETING]),
    person("rosa.navarro", "Rosa", "Navarro", "Content editor", &[MARKETING]),
    person("philip.krause", "Philip", "Krause", "Growth analyst", &[MARKETING, DATA]),
    person("bianca.ferrari", "Bianca", "Ferrari", "Partnerships", &[MARKETING]),
];

/// Comes later.
pub(super) const JOINER: Person =
    person("lea.fontaine", "Léa", "Fontaine", "Engineer, checkout", &[ENGINEERING]);

/// A flag, by project and name.
#[derive(Clone, Copy)]
pub(super) struct Flag(pub(super) &'static str, pub(super) &'static str);

pub(super) const PLATFORM: &str = "default";
pub(super) const SHOP: &str = "storefront";
pub(super) const PAY: &str = "payments";
pub(super) const APPS: &str = "apps";

/// The projects beside the one that is always there: id, name, what they are for.
pub(super) const PROJECTS: [(&str, &str, &str); 3] = [
    (SHOP, "Storefront", "The web shop: search, basket, checkout and delivery."),
    (PAY, "Payments", "Taking money, paying it back, and keeping fraud out."),
    (APPS, "Mobile apps", "Tidewater for iOS and Android."),
];

pub(super) const ONE_PAGE: Flag = Flag(SHOP, "checkout.one-page");
pub(super) const EXPRESS: Flag = Flag(SHOP, "checkout.express-pay");
pub(super) const RANKING: Flag = Flag(SHOP, "search.ranking");
pub(super) const SYNONYMS: Flag = Flag(SHOP, "search.synonyms");
pub(super) const SLOTS: Flag = Flag(SHOP, "delivery.evening-slots");
pub(super) const LIVE_MAP: Flag = Flag(SHOP, "delivery.live-map");
pub(super) const LISTS: Flag = Flag(SHOP, "basket.saved-lists");
pub(super) const SUBSTITUTES: Flag = Flag(SHOP, "basket.substitutes");
pub(super) const DEALS: Flag = Flag(SHOP, "pricing.weekly-deals");
pub(super) const DARK: Flag = Flag(SHOP, "ui.dark-mode");
pub(super) const PHOTOS: Flag = Flag(SHOP, "reviews.photos");
pub(super) const ROUNDING: Flag = Flag(SHOP, "legacy.price-rounding");
pub(super) const HARVEST: Flag = Flag(SHOP, "campaign.harvest-week");
pub(super) const PAY_OFF: Flag = Flag(PAY, "payments.stop");
pub(super) const RETRY: Flag = Flag(PAY, "payments.retry-declined");
pub(super) const INVOICE: Flag = Flag(PAY, "payments.invoice");
pub(super) const FRAUD: Flag = Flag(PAY, "fraud.model-b");
pub(super) const REFUNDS: Flag = Flag(PAY, "refunds.instant");
pub(super) const OLD_GATEWAY: Flag = Flag(PAY, "legacy.first-gateway");
pub(super) const OFFLINE: Flag = Flag(APPS, "apps.offline-basket");
pub(super) const SCAN: Flag = Flag(APPS, "apps.scan-to-add");
pub(super) const PUSH: Flag = Flag(APPS, "apps.push-offers");
pub(super) const PASSKEYS: Flag = Flag(APPS, "sign-in.passkeys");
pub(super) const REPLICA: Flag = Flag(PLATFORM, "orders.read-replica");
pub(super) const QUEUE: Flag = Flag(PLATFORM, "orders.new-queue");
pub(super) const VERBOSE: Flag = Flag(PLATFORM, "logging.verbose");

/// A flag that is to be made: which, its type, what it is for, and who makes it.
pub(super) type Made = (Flag, &'static str, &'static str, fn(&Crew) -> &Caller);

pub(super) const FLAGS: [Made; 26] = [
    (
        ONE_PAGE,
        "release",
        "Address, delivery and payment on one page. Can go when every country has it.",
        |crew| &crew.jonas,
    ),
    (EXPRESS, "release", "Pay with the wallet of the browser, without the checkout.", |crew| &crew.jonas),
    (
        RANKING,
        "experiment",
        "Three ways to order what a search finds. Measured: baskets with something from the first row.",
        |crew| &crew.priya,
    ),
    (SYNONYMS, "release", "Finds courgettes for whoever looks for zucchini.", |crew| &crew.ben),
    (SLOTS, "release", "Delivery until 22:00 where drivers have agreed to it.", |crew| &crew.priya),
    (LIVE_MAP, "release", "Shows the van on a map from the moment it leaves.", |crew| &crew.ben),
    (LISTS, "release", "Lists that people keep, and share with those they live with.", |crew| &crew.jonas),
    (
        SUBSTITUTES,
        "permission",
        "Lets people choose what they get instead when something is sold out.",
        |crew| &crew.priya,
    ),
    (DEALS, "operational", "The page of this week’s deals.", |crew| &crew.priya),
    (DARK, "release", "The shop in dark colours.", |crew| &crew.ben),
    (PHOTOS, "experiment", "Reviews with pictures that customers took.", |crew| &crew.ben),
    (ROUNDING, "operational", "Rounds prices the old way, for baskets from before the spring.", |crew| {
        &crew.jonas
    }),
    (HARVEST, "release", "The banner and the recipes of harvest week.", |crew| &crew.priya),
    (PAY_OFF, "kill-switch", "Stops taking payments, and says so, while the provider is down.", |crew| {
        &crew.aiko
    }),
    (RETRY, "release", "Tries a declined card once more, an hour later.", |crew| &crew.aiko),
    (INVOICE, "permission", "Buy now, pay by invoice: for companies that were checked.", |crew| &crew.aiko),
    (FRAUD, "experiment", "The second fraud model decides instead of the first.", |crew| &crew.aiko),
    (REFUNDS, "release", "Money back at once instead of in three days.", |crew| &crew.aiko),
    (OLD_GATEWAY, "operational", "Sends payments to the first provider.", |crew| &crew.aiko),
    (OFFLINE, "release", "The basket works without a connection.", |crew| &crew.tomas),
    (SCAN, "release", "Adds what the camera sees to the basket.", |crew| &crew.tomas),
    (PUSH, "operational", "Tells people about offers close to them.", |crew| &crew.tomas),
    (PASSKEYS, "release", "Sign in with a passkey instead of a password.", |crew| &crew.tomas),
    (REPLICA, "operational", "Reads orders from the replica.", |crew| &crew.marit),
    (QUEUE, "release", "Orders go through the new queue.", |crew| &crew.marit),
    (VERBOSE, "operational", "Logs every request. Costs disk: off again after an hour.", |crew| &crew.marit),
];

/// Which kind of token an application has.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Backend,
    Frontend,
}

/// Something that asks for flags.
pub(super) struct Application {
    pub(super) name: &'static str,
    pub(super) side: Side,
    pub(super) environment: &'static str,
    pub(super) projects: &'static [&'static str],
    pub(super) sdk: &'static str,
    pub(super) instances: &'static [&'static str],
    /// The flags that it uses, and how often in a busy hour.
    pub(super) uses: &'static [(&'static str, u64)],
}

/// The order is that in which they start: pages rely on what servers learn.
pub(super) const APPLICATIONS: [Application; 8] = [
    Application {
        name: "storefront-api",
        side: Side::Backend,
        environment: "production",
        projects: &[SHOP],
        sdk: "unleash-node-sdk:6.10.1",
        instances: &[
            "storefront-api-7d9f4-x2kqp",
            "storefront-api-7d9f4-m81zt",
            "storefront-api-7d9f4-b5wcn",
        ],
        uses: &[
            (ONE_PAGE.1, 5200),
            (EXPRESS.1, 5200),
            (RANKING.1, 14_800),
            (SYNONYMS.1, 14_800),
            (SLOTS.1, 3900),
            (LISTS.1, 6100),
            (DEALS.1, 8800),
            (PHOTOS.1, 4700),
            (ROUNDING.1, 240),
            // Nobody made this one.
            ("checkout.gift-wrap", 310),
        ],
    },
    Application {
        name: "payment-service",
        side: Side::Backend,
        environment: "production",
        projects: &[PAY],
        sdk: "unleash-java-sdk:11.2.0",
        instances: &["payment-service-0", "payment-service-1"],
        uses: &[(PAY_OFF.1, 2600), (RETRY.1, 480), (INVOICE.1, 2600), (FRAUD.1, 2600), (REFUNDS.1, 90)],
    },
    Application {
        name: "order-worker",
        side: Side::Backend,
        environment: "production",
        projects: &[PLATFORM, PAY],
        sdk: "unleash-go-sdk:5.1.0",
        instances: &["order-worker-a", "order-worker-b"],
        uses: &[(REPLICA.1, 7400), (QUEUE.1, 7400), (VERBOSE.1, 7400), (PAY_OFF.1, 700)],
    },
    Application {
        name: "price-import",
        side: Side::Backend,
        environment: "production",
        projects: &["*"],
        sdk: "unleash-client-python:5.9.0",
        instances: &["price-import-nightly"],
        uses: &[(DEALS.1, 160), (ROUNDING.1, 1200), ("pricing.import-v2", 60)],
    },
    Application {
        name: "apps-api",
        side: Side::Backend,
        environment: "production",
        projects: &[APPS],
        sdk: "unleash-java-sdk:11.2.0",
        instances: &["apps-api-0", "apps-api-1"],
        uses: &[(PASSKEYS.1, 1900), (PUSH.1, 3100), (OFFLINE.1, 2200), (SCAN.1, 1500)],
    },
    Application {
        name: "storefront-api",
        side: Side::Backend,
        environment: "staging",
        projects: &[SHOP],
        sdk: "unleash-node-sdk:6.10.1",
        instances: &["storefront-api-staging"],
        uses: &[(ONE_PAGE.1, 60), (EXPRESS.1, 60), (RANKING.1, 90), (LIVE_MAP.1, 20), (DARK.1, 45)],
    },
    Application {
        name: "storefront-web",
        side: Side::Frontend,
        environment: "production",
        projects: &[SHOP],
        sdk: "unleash-js-sdk:3.8.0",
        instances: &["browser"],
        uses: &[(DARK.1, 21_000), (LIVE_MAP.1, 5600), (SUBSTITUTES.1, 9300), (DEALS.1, 21_000)],
    },
    Application {
        name: "tidewater-ios",
        side: Side::Frontend,
        environment: "production",
        projects: &[APPS],
        sdk: "unleash-ios-sdk:2.3.1",
        instances: &["phone"],
        uses: &[(OFFLINE.1, 8200), (SCAN.1, 6400), (PASSKEYS.1, 2700)],
    },
];
