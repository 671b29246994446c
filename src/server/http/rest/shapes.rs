//! How texts and bodies have to look, for the document alone: each value is checked where it is used.
#![expect(dead_code, reason = "read by the document alone")]

use std::borrow::Cow;

use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{AdditionalProperties, AnyOfBuilder, SchemaType, Type},
    },
};

/// Name of a connector: `vendor:service` or `vendor:service:module`.
#[derive(ToSchema)]
#[schema(value_type = String, example = "acme:git",
    pattern = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(:[A-Za-z0-9][A-Za-z0-9_-]{0,63}){1,2}$")]
pub struct ServiceIdText(String);

/// A key of the system configuration.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[!-~]{1,200}$", example = "RETRY_MAX_COUNT")]
pub struct SettingKey(String);

/// An e-mail address, at most 254 bytes.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 3, max_length = 254, example = "ann@example.com",
    pattern = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$")]
pub struct Email(String);

/// What somebody is called, at most 254 bytes.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 254, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$")]
pub struct Username(String);

/// At most 1024 bytes, not one letter again and again, and not the e-mail address.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 10, max_length = 1024, pattern = r"^(?!([\s\S])\1*$)", format = Password)]
pub struct NewPassword(String);

#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9._:-]{0,64}$", example = "user")]
pub struct Scope(String);

#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{0,64}$", example = "acme")]
pub struct Vendor(String);

/// One scope or several; empty ones are left out.
#[derive(ToSchema)]
#[schema(no_recursion)]
#[serde(untagged)]
pub enum Scopes {
    One(#[schema(inline)] Scope),
    Many(#[schema(inline)] Vec<Scope>),
}

/// One vendor or several; empty ones are left out.
#[derive(ToSchema)]
#[schema(no_recursion)]
#[serde(untagged)]
pub enum Vendors {
    One(#[schema(inline)] Vendor),
    Many(#[schema(inline)] Vec<Vendor>),
}

/// Which users are meant: `field:value`.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^(scope|vendor|username|email):", example = "scope:admin")]
pub struct UserFilter(String);

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

/// Words of which a value is one; an empty one counts as none.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $words:expr;)*) => {
        $($(#[$doc])* pub enum $name {}

        impl ToSchema for $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text().enum_values(Some($words.into_iter().chain([""]))).into()
            }
        })*
    };
}

words! {
    /// Whether whole manifests are wanted.
    ManifestWord = ["yes", "no", "true", "false"];
    /// Modules of which state.
    StatusWord = crate::domain::search::Status::ALL.map(crate::domain::search::Status::word);
    /// The order of modules.
    SortWord = crate::domain::search::Sort::ALL.map(crate::domain::search::Sort::word);
    /// The order of connectors.
    ServiceSort = ["serviceId", "serviceId:1", "serviceId:-1"];
}

/// A flat object of a connector's values under its name.
pub enum NamedServiceValues {}

impl ToSchema for NamedServiceValues {}

impl PartialSchema for NamedServiceValues {
    fn schema() -> RefOr<Schema> {
        service_values().required("serviceId").into()
    }
}

/// A flat object of a connector's values; the name may be left out.
pub enum ServiceValues {}

impl ToSchema for ServiceValues {}

impl PartialSchema for ServiceValues {
    fn schema() -> RefOr<Schema> {
        service_values().into()
    }
}

fn service_values() -> ObjectBuilder {
    let key = text().pattern(Some(r"^[^\s\x00-\x1f\x7f-\x9f]{1,200}$")).build();
    ObjectBuilder::new()
        .property_names(Some(key))
        .property("serviceId", ServiceIdText::schema())
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
}

/// Bodies that come in one of two shapes; both together will do, too.
macro_rules! either {
    ($($(#[$doc:meta])* $name:ident = $one:ident or $other:ident;)*) => {
        $($(#[$doc])* pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                AnyOfBuilder::new().item($one::schema()).item($other::schema()).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $one::schemas(schemas);
                $other::schemas(schemas);
            }
        })*
    };
}

either! {
    /// Name and password; either name will do.
    SignIn = SignInByEmail or SignInByUsername;
    /// Somebody to add.
    NewUser = NewUserWithEmail or NewUserWithoutEmail;
}

#[derive(ToSchema)]
struct SignInByEmail {
    email: String,
    username: Option<String>,
    password: String,
}

#[derive(ToSchema)]
struct SignInByUsername {
    email: Option<String>,
    username: String,
    password: String,
}

#[derive(ToSchema)]
struct NewUserWithEmail {
    email: Email,
    /// The e-mail address where there is no other.
    #[schema(max_length = 254, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    username: Option<String>,
    password: NewPassword,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Only administrators choose it.
    scope: Option<Scopes>,
    /// Only administrators choose it.
    vendor: Option<Vendors>,
}

#[derive(ToSchema)]
struct NewUserWithoutEmail {
    /// Also the name.
    username: Email,
    /// Not given.
    #[schema(value_type = Option<()>)]
    email: (),
    password: NewPassword,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Only administrators choose it.
    scope: Option<Scopes>,
    /// Only administrators choose it.
    vendor: Option<Vendors>,
}
