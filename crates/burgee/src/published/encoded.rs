//! Bytes in every encoding that clients ask for, each made once.

use std::io::Write;

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::error::{Error, Result};

/// How bytes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// gzip.
    Gzip,
    /// brotli.
    Brotli,
    /// Zstandard.
    Zstd,
}

impl Encoding {
    /// Those that compress.
    const COMPRESSED: [Self; 3] = [Self::Gzip, Self::Brotli, Self::Zstd];

    /// As HTTP calls it; `None`: nothing is encoded.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// Compresses about as well as `gzip -6` does, in about its time.
    fn compress(self, bytes: &Bytes) -> std::io::Result<Bytes> {
        Ok(match self {
            Self::Identity => bytes.clone(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(bytes)?;
                encoder.finish()?.into()
            }
            Self::Brotli => {
                let mut out = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut out, 1 << 16, 5, 19);
                encoder.write_all(bytes)?;
                drop(encoder);
                out.into()
            }
            Self::Zstd => zstd::bulk::compress(bytes, 9)?.into(),
        })
    }
}

/// Bytes, and what was made of them so far.
pub struct Encoded {
    identity: Bytes,
    compressed: [OnceCell<Bytes>; 3],
}

impl Encoded {
    /// Compresses nothing but what was asked of the bytes `before` these: clients will want it again.
    pub fn new(identity: Bytes, before: Option<&Self>) -> Self {
        let encoded = Self { identity, compressed: Default::default() };
        for (form, encoding) in Encoding::COMPRESSED.into_iter().enumerate() {
            if before.is_some_and(|before| before.compressed[form].initialized())
                && let Ok(bytes) = encoding.compress(&encoded.identity)
            {
                let _ = encoded.compressed[form].set(bytes);
            }
        }
        encoded
    }

    /// The bytes. What nobody asked for before is compressed now.
    pub async fn bytes(&self, encoding: Encoding) -> Result<Bytes> {
        let Some(form) = Encoding::COMPRESSED.iter().position(|form| *form == encoding) else {
            return Ok(self.identity.clone());
        };
        let compress = || async {
            let identity = self.identity.clone();
            let work = tokio::task::spawn_blocking(move || encoding.compress(&identity));
            work.await.map_err(Error::internal)?.map_err(Error::internal)
        };
        self.compressed[form].get_or_try_init(compress).await.cloned()
    }
}
