//! Questions to webhooks, as values: whoever decides says what to ask, whoever reaches the network asks it, and the
//! request is decided again with the answer.

/// A question to a webhook, without whose answer a request cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// By what its answer is known: a digest of who is asked and of all that is sent.
    pub id: [u8; 32],
    /// The name of the webhook, for people.
    pub webhook: String,
    /// Where to post the body: `https`, with the timeout in its query.
    pub url: String,
    /// Where to connect instead of the host of the URL: `host:port`.
    pub connect: Option<String>,
    /// The certificate authorities that the webhook is known by, in PEM; those of the system, if there are none.
    pub authorities: Vec<u8>,
    /// How long to wait for the answer, in seconds.
    pub timeout: u32,
    /// An `AdmissionReview` as JSON.
    pub body: Vec<u8>,
}

/// What a webhook said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which question it answers.
    pub id: [u8; 32],
    /// The body of the answer, or why there is none: what follows `failed to call webhook: `.
    pub said: Result<Vec<u8>, String>,
}
