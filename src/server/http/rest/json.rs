//! What requests bring, read strictly, with failures in the protocol's shape: bodies, queries, parts of the path.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Visitor,
        value::{Error as QueryError, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;
use utoipa::ToSchema;

use crate::server::error::{Result, ServerError};

/// Longest body of JSON, in bytes; the router holds every body to it that has no limit of its own.
pub const BODY_MAX: usize = 1024 * 1024;
/// Greatest number in a query: the last one that JSON keeps exact everywhere.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The answer that says nothing: `{}`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Nothing {}

/// One text or several, as clients send either.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(texts: OneOrMany) -> Self {
        match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

/// What stands between the quotes of an `If-Match`; `None` when there is none, or when it takes anything (`*`).
pub fn if_match(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if inner.is_empty() || inner.contains(['"', ',']) {
        return Err(ServerError::Invalid("Send one ETag in If-Match, as it was given.".to_owned()));
    }
    Ok(Some(inner.to_owned()))
}

/// A body of JSON.
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ServerError;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        if !is_json(request.headers()) {
            return Err(ServerError::UnsupportedMediaType(
                "Send JSON, with Content-Type: application/json.".to_owned(),
            ));
        }
        let bytes = bytes_of(request, state).await?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|cause| ServerError::Invalid(format!("The body will not do: {cause}.")))?;
        Ok(Self(value))
    }
}

/// A body that is a value: JSON, or a text.
pub struct ApiValue(pub Value);

impl<S: Send + Sync> FromRequest<S> for ApiValue {
    type Rejection = ServerError;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        if is_json(request.headers()) {
            return ApiJson::from_request(request, state).await.map(|ApiJson(value)| Self(value));
        }
        if essence(request.headers()) != "text/plain" {
            let text = "Send JSON with Content-Type: application/json, or a text with text/plain.";
            return Err(ServerError::UnsupportedMediaType(text.to_owned()));
        }
        let bytes = bytes_of(request, state).await?;
        match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Self(Value::String(text))),
            Err(_) => Err(ServerError::Invalid("The text is no UTF-8.".to_owned())),
        }
    }
}

async fn bytes_of<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    Bytes::from_request(request, state).await.map_err(|cause| match cause.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ServerError::TooLarge { limit: BODY_MAX as u64 },
        _ => ServerError::Incomplete("The body broke off.".to_owned()),
    })
}

/// The fields of an object that were asked for: names separated by commas, or with a minus each, what to leave out.
pub fn projected(mut value: Value, wanted: Option<&str>) -> Value {
    let names = wanted.unwrap_or_default().split(',').map(str::trim);
    let fields: Vec<&str> = names.filter(|field| !field.is_empty()).collect();
    let hidden: Vec<&str> = fields.iter().filter_map(|field| field.strip_prefix('-')).collect();
    if let Some(shown) = value.as_object_mut().filter(|_| !fields.is_empty()) {
        if hidden.is_empty() {
            shown.retain(|field, _| fields.contains(&field.as_str()));
        } else {
            shown.retain(|field, _| !hidden.contains(&field.as_str()));
        }
    }
    value
}

fn essence(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Parts of the path, decoded.
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(cause) => Err(ServerError::Invalid(format!("The address will not do: {}.", cause.body_text()))),
        }
    }
}

/// The query. A list comes as `a=1&a=2` or as `a[]=1&a[]=2`; unknown names are left out.
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        read_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    let mut names: Vec<(String, Values)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let name = name.strip_suffix("[]").unwrap_or(&name);
        match names.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.0.push(value),
            None => names.push((name.to_owned(), Values(vec![value]))),
        }
    }
    T::deserialize(MapDeserializer::new(names.into_iter()))
        .map_err(|cause: QueryError| ServerError::Invalid(format!("The query will not do: {cause}.")))
}

fn decoded(text: &str) -> Result<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded.map(String::from).map_err(|_| ServerError::Invalid("The query is no UTF-8.".to_owned()))
}

/// All values of one name, read as whatever is wanted of them.
struct Values(Vec<String>);

impl Values {
    fn last(mut self) -> String {
        self.0.pop().unwrap_or_default()
    }
}

impl IntoDeserializer<'_, QueryError> for Values {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident: $type:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
            let text = self.last();
            match text.trim().parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => visitor.visit_string(text),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Values {
    type Error = QueryError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_string(self.last())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        if self.0.iter().all(String::is_empty) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        let text = self.last();
        match text.trim().parse() {
            Ok(number) if number <= NUMBER_MAX => visitor.visit_u64(number),
            Ok(_) => Err(QueryError::custom(format!("a number is at most {NUMBER_MAX}"))),
            Err(_) => visitor.visit_string(text),
        }
    }

    parsed! {
        deserialize_bool => visit_bool: bool,
        deserialize_u32 => visit_u32: u32,
        deserialize_i64 => visit_i64: i64,
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Wanted {
        filter: Vec<String>,
        pattern: Option<String>,
        limit: Option<u64>,
    }

    fn read(query: &str) -> Result<Wanted> {
        read_query(query)
    }

    #[test]
    fn lists_come_in_three_spellings() {
        let filter = vec!["scope:a b".to_owned(), "scope:b".to_owned()];
        for query in [
            "filter=scope:a+b&filter=scope:b",
            "filter[]=scope:a+b&filter[]=scope:b",
            "filter%5B%5D=scope%3Aa%20b&filter%5B%5D=scope%3Ab&other=1",
        ] {
            assert_eq!(read(query).expect("reads"), Wanted { filter: filter.clone(), ..Wanted::default() });
        }
    }

    #[test]
    fn numbers_are_numbers_and_nothing_is_nothing() {
        let wanted = Wanted { limit: Some(7), ..Wanted::default() };
        assert_eq!(read("limit=7&pattern=").expect("reads"), wanted);
        for bad in ["limit=-1", "limit=x", "limit=99999999999999999999", "limit=9007199254740992", "pattern=%ff"] {
            assert!(matches!(read(bad), Err(ServerError::Invalid(_))), "{bad}");
        }
    }
}
