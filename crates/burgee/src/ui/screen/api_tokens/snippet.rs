//! How an application asks for flags with a token: code to copy, with the real address of this server.

use maud::{Markup, html};

use crate::people::api_token::Kind;
use crate::ui::part::code;

/// The flag that the code asks for, if nobody says which.
pub(in crate::ui) const FLAG: &str = "my-flag";

/// Code for each SDK that takes tokens of this kind, which asks for a flag; the first one is open. Admin tokens are for no
/// SDK.
pub(in crate::ui) fn all(kind: Kind, url: &str, token: &str, flag: &str) -> Markup {
    let snippets: Vec<(&str, String)> = match kind {
        Kind::Admin => vec![("curl", format!("curl -H 'Authorization: {token}' {url}/api/admin/projects"))],
        Kind::Client => backend(url, token),
        Kind::Frontend => frontend(url, token),
    };
    html! {
        div.folds {
            @for (index, (name, text)) in snippets.iter().enumerate() {
                details name="snippet" open[index == 0] {
                    summary { (name) }
                    (code::block(name, &text.replace(FLAG, flag)))
                }
            }
        }
    }
}

fn backend(url: &str, token: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "Node.js",
            format!(
                "// npm install unleash-client\n\
                 import {{ startUnleash }} from \"unleash-client\";\n\n\
                 const unleash = await startUnleash({{\n  \
                   url: \"{url}/api/\",\n  \
                   appName: \"my-app\",\n  \
                   customHeaders: {{ Authorization: \"{token}\" }},\n\
                 }});\n\
                 console.log(unleash.isEnabled(\"my-flag\", {{ userId: \"7\" }}));"
            ),
        ),
        (
            "Python",
            format!(
                "# pip install UnleashClient\n\
                 from UnleashClient import UnleashClient\n\n\
                 client = UnleashClient(\n    \
                     url=\"{url}/api\",\n    \
                     app_name=\"my-app\",\n    \
                     custom_headers={{\"Authorization\": \"{token}\"}},\n\
                 )\n\
                 client.initialize_client()\n\
                 print(client.is_enabled(\"my-flag\", {{\"userId\": \"7\"}}))"
            ),
        ),
        (
            "Java",
            format!(
                "// io.getunleash:unleash-client-java\n\
                 UnleashConfig config = UnleashConfig.builder()\n    \
                     .appName(\"my-app\")\n    \
                     .unleashAPI(\"{url}/api/\")\n    \
                     .apiKey(\"{token}\")\n    \
                     .synchronousFetchOnInitialisation(true)\n    \
                     .build();\n\
                 Unleash unleash = new DefaultUnleash(config);\n\
                 boolean on = unleash.isEnabled(\"my-flag\");"
            ),
        ),
        (
            "Go",
            format!(
                "// go get github.com/Unleash/unleash-go-sdk/v5\n\
                 unleash.Initialize(\n    \
                     unleash.WithAppName(\"my-app\"),\n    \
                     unleash.WithUrl(\"{url}/api/\"),\n    \
                     unleash.WithCustomHeaders(http.Header{{\"Authorization\": {{\"{token}\"}}}}),\n\
                 )\n\
                 unleash.WaitForReady()\n\
                 fmt.Println(unleash.IsEnabled(\"my-flag\"))"
            ),
        ),
        (
            "Rust",
            format!(
                "// cargo add unleash-api-client enum-map serde\n\
                 let client = ClientBuilder::default().into_client::<Flags, reqwest::Client>(\n    \
                     \"{url}/api\",\n    \
                     \"my-app\",\n    \
                     \"instance-1\",\n    \
                     Some(\"{token}\".to_owned()),\n\
                 )?;\n\
                 client.register().await?;\n\
                 client.poll_for_updates().await; // in a task of its own"
            ),
        ),
        ("curl", format!("curl -H 'Authorization: {token}' {url}/api/client/features")),
    ]
}

fn frontend(url: &str, token: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "React",
            format!(
                "// npm install @unleash/proxy-client-react unleash-proxy-client\n\
                 import {{ FlagProvider, useFlag }} from \"@unleash/proxy-client-react\";\n\n\
                 const config = {{\n  \
                   url: \"{url}/api/frontend\",\n  \
                   clientKey: \"{token}\",\n  \
                   appName: \"my-app\",\n\
                 }};\n\
                 root.render(<FlagProvider config={{config}}><App /></FlagProvider>);\n\n\
                 // in a component\n\
                 const on = useFlag(\"my-flag\");"
            ),
        ),
        (
            "JavaScript",
            format!(
                "// npm install unleash-proxy-client\n\
                 import {{ UnleashClient }} from \"unleash-proxy-client\";\n\n\
                 const unleash = new UnleashClient({{\n  \
                   url: \"{url}/api/frontend\",\n  \
                   clientKey: \"{token}\",\n  \
                   appName: \"my-app\",\n\
                 }});\n\
                 await unleash.start();\n\
                 console.log(unleash.isEnabled(\"my-flag\"));"
            ),
        ),
        ("curl", format!("curl -H 'Authorization: {token}' '{url}/api/frontend?userId=7'")),
    ]
}
