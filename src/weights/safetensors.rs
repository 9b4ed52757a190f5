//! The format safetensors (<https://github.com/huggingface/safetensors>): eight bytes with the length of a header, the header, and
//! the tensors' bytes. The header is JSON: `{"__metadata__": {key: text}, name: {"dtype", "shape", "data_offsets": [begin, end]}}`.
//!
//! The crate `safetensors` would make the page's module 4 % larger. The tests read our files with it.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::result::Result;

const METADATA: &str = "__metadata__";
/// A header's length is a multiple of this, so that the tensors are aligned.
const ALIGNMENT: usize = 8;

/// A parsed file; its tensors are still the file's bytes.
#[derive(Debug)]
pub struct File<'a> {
    pub metadata: Map<String, Value>,
    pub tensors: BTreeMap<String, Tensor<'a>>,
}

#[derive(Debug)]
pub struct Tensor<'a> {
    pub dtype: String,
    pub shape: Vec<usize>,
    /// As many as the shape says, if `dtype` is F32.
    pub bytes: &'a [u8],
}

/// # Errors
/// Says what is wrong with the bytes.
pub fn read(bytes: &[u8]) -> Result<File<'_>, String> {
    let (length, rest) = bytes.split_first_chunk().ok_or("it is too short")?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok();
    let (header, data) = length.and_then(|length| rest.split_at_checked(length)).ok_or("it is shorter than its header")?;
    let mut header: Map<String, Value> = serde_json::from_slice(header).map_err(|why| format!("its header: {why}"))?;
    let Some(Value::Object(metadata)) = header.remove(METADATA) else {
        return Err("it has no metadata, so its network is unknown".into());
    };
    let mut tensors = BTreeMap::new();
    let mut used = 0;
    for (name, about) in header {
        let tensor = tensor(&about, data).ok_or_else(|| format!("its header is wrong about {}", super::clip(&name)))?;
        used += tensor.bytes.len();
        tensors.insert(name, tensor);
    }
    if used != data.len() {
        return Err("its header does not describe all of its bytes".into());
    }
    Ok(File { metadata, tensors })
}

fn tensor<'a>(about: &Value, data: &'a [u8]) -> Option<Tensor<'a>> {
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let number = |value: &Value| value.as_u64().and_then(|value| usize::try_from(value).ok());
        about[key].as_array()?.iter().map(number).collect()
    };
    let (dtype, shape) = (about["dtype"].as_str()?, numbers("shape")?);
    let [begin, end] = numbers("data_offsets")?[..] else { return None };
    let bytes = data.get(begin..end)?;
    let length = shape.iter().try_fold(size_of::<f32>(), |length, size| length.checked_mul(*size));
    (dtype != "F32" || length == Some(bytes.len())).then(|| Tensor { dtype: dtype.into(), shape, bytes })
}

/// The bytes of a file of f32. `values` gives a tensor's when it is its turn.
pub fn write<T>(
    metadata: Map<String, Value>,
    tensors: &BTreeMap<String, (Vec<usize>, T)>,
    values: impl Fn(&T) -> Vec<f32>,
) -> Vec<u8> {
    let mut header = Map::from_iter([(METADATA.into(), metadata.into())]);
    let mut end = 0;
    for (name, (shape, _)) in tensors {
        let begin = end;
        end += size_of::<f32>() * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, end] }));
    }
    let mut header = Value::from(header).to_string();
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(ALIGNMENT) - header.len()));
    let mut bytes = Vec::with_capacity(ALIGNMENT + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header.bytes());
    for (_, tensor) in tensors.values() {
        bytes.extend(values(tensor).into_iter().flat_map(f32::to_le_bytes));
    }
    bytes
}
