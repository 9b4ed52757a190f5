//! Every error a user can meet: a sentence in English here, a `code` and its values for the page's two languages.
//!
//! The page looks up `errors.<code>` in `www/i18n/*.json` and fills in the fields by name; a test checks that
//! both languages have every code.

use serde::Serialize;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Error {
    // ---- data files -------------------------------------------------------------------------------------------
    #[error(
        "{file}: {found} bytes are not a whole number of CIFAR-10 records of 3073 bytes; the file ends in the middle of record {record}, at byte {byte}. Give the complete file."
    )]
    CifarTruncated { file: String, found: u64, record: u64, byte: u64 },
    #[error(
        "{file}: {found} bytes are more than the 10,000 records of a CIFAR-10 batch file; the first one too many is at byte {byte}. Give the file as it was downloaded."
    )]
    CifarOversized { file: String, found: u64, byte: u64 },
    #[error("{file}: the label at byte {byte} is {label}, but CIFAR-10 has the labels 0 to 9. Is this a CIFAR-10 binary file?")]
    CifarLabel { file: String, byte: u64, label: u32 },
    #[error("{file}: the file is empty. Give a file with images.")]
    EmptyFile { file: String },
    #[error("{file}: {found} bytes are more than the {limit} that the lab reads. Give a smaller file.")]
    FileTooLarge { file: String, found: u64, limit: u64 },
    #[error(
        "{file}: the magic number at byte 0 is {found}, but an IDX file of {holds} starts with {magic}. Give the file as it was downloaded."
    )]
    IdxMagic { file: String, found: String, holds: String, magic: String },
    #[error("{file}: the header at byte {byte} gives {field} = {found}; the lab reads 1 to {most}.")]
    IdxHeader { file: String, byte: u64, field: String, found: u64, most: u64 },
    #[error("{file}: {announced} bytes are announced, header included, but the file ends at byte {found}. Download it again.")]
    IdxTruncated { file: String, announced: u64, found: u64 },
    #[error(
        "{file}: {announced} bytes are announced, header included, but there are {found}; the first one too many is at byte {announced}. Download it again."
    )]
    IdxOversized { file: String, announced: u64, found: u64 },
    #[error("{file}: the label at byte {byte} is {label}, but the data set has the labels 0 to {most}.")]
    IdxLabel { file: String, byte: u64, label: u32, most: u32 },
    #[error("{file} and {other} hold the same part of a data set, but differ. Give one of them.")]
    DuplicateFile { file: String, other: String },
    #[error("{file} and {other} belong to different data sets. Give the files of one data set at a time.")]
    MixedFiles { file: String, other: String },
    #[error("{images} images in {image_file}, but {labels} labels in {label_file}. Give the two files that belong together.")]
    CountMismatch { images: u64, image_file: String, labels: u64, label_file: String },
    #[error("{file}: images and labels belong together, and this is only one of the two. Give the file {wanted} too.")]
    MissingPartner { file: String, wanted: String },
    #[error("{file}: the file ends at byte {byte}, in the middle of its packed data. Download it again.")]
    CompressedTruncated { file: String, byte: u64 },
    #[error("{file}: the packed data is damaged near byte {byte}. Download the file again.")]
    Compressed { file: String, byte: u64 },
    #[error("{file}: the file could not be read: {why}. It may have been moved or changed; choose it again.")]
    Unreadable { file: String, why: String },
    #[error(
        "{file}: the archive holds none of data_batch_1.bin to data_batch_5.bin and test_batch.bin. Give cifar-10-binary.tar.gz as it was downloaded."
    )]
    ArchiveWithoutData { file: String },
    #[error(
        "{file}: not a file that the lab knows. It reads CIFAR-10 (data_batch_*.bin, test_batch.bin, cifar-10-binary.tar.gz) and MNIST or Fashion-MNIST (IDX, .gz too)."
    )]
    UnknownFile { file: String },
    #[error(
        "{file}: {found} of {wanted} bytes arrived, and their checksum is not that of the picture sheet. Reload the page; if it stays, the copy on the server is damaged."
    )]
    ShardDamaged { file: String, found: u64, wanted: u64 },
    #[error(
        "{file}: the picture sheet could not be decoded: {why}. Reload the page; if it stays, the copy on the server is damaged."
    )]
    Shard { file: String, why: String },
    #[error("No training images were given, only test images. Add the training files.")]
    NoTrainingImages,
    #[error("Only {found} image was given, but training and testing need one each. Add more images.")]
    TooFewImages { found: u64 },

    // ---- the configuration ------------------------------------------------------------------------------------
    #[error("{key}: '{value}' is not one of the allowed values: {allowed}.")]
    BadValue { key: String, value: String, allowed: String },
    #[error("There is no setting '{key}'.")]
    UnknownKey { key: String },

    // ---- weights files ----------------------------------------------------------------------------------------
    #[error("{file}: not a safetensors file that the lab can read: {why}.")]
    WeightsFile { file: String, why: String },
    #[error(
        "{file}: the tensor {tensor} has the shape {found}, but this network needs {wanted}. Load it with the settings it was saved with."
    )]
    WeightsShape { file: String, tensor: String, found: String, wanted: String },
    #[error("{file}: the tensor {tensor} is missing. Load it with the settings it was saved with.")]
    WeightsMissing { file: String, tensor: String },

    // ---- memory -----------------------------------------------------------------------------------------------
    #[error(
        "This network needs {needed} bytes of memory, but a page can have {limit}. Choose a smaller batch or width, or the scaled architecture."
    )]
    TooMuchMemory { needed: u64, limit: u64 },

    // ---- the GPU ----------------------------------------------------------------------------------------------
    #[error("No graphics adapter answered. Use --backend cpu, or install a Vulkan, Metal or DirectX 12 driver.")]
    NoAdapter,
    #[error("The graphics adapter refused a device: {why}. Use the CPU backend.")]
    NoDevice { why: String },
    #[error(
        "This network needs {needed} bytes in one buffer, but the adapter allows {limit}. Choose a smaller width or batch, or the CPU backend."
    )]
    TooLarge { needed: u64, limit: u64 },
    #[error("The graphics device was lost: {why}. Training can go on from the last saved state.")]
    DeviceLost { why: String },
    #[error("The graphics driver reported an error in {place}: {why}. Use the CPU backend, and please report this.")]
    Gpu { place: String, why: String },

    // ---- the program ------------------------------------------------------------------------------------------
    #[error("{path}: {why}")]
    File { path: String, why: String },
}

/// Something that was mended rather than refused, with a note that the page and the program show.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Note {
    /// The value was outside the range; the nearest allowed one is used.
    Clamped { key: String, value: String, used: String, allowed: String },
    /// The value was not understood; the default is used.
    NotUnderstood { key: String, value: String, used: String, allowed: String },
    /// The key is not known; it is ignored.
    UnknownKey { key: String },
    /// The link was made by a newer version; what is not known is ignored.
    NewerVersion { version: String },
    /// A worker could not be started, or ended; one does all the work from here on.
    HelpersLost,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::Clamped { key, value, used, allowed } => {
                write!(f, "{key}: {value} is outside {allowed}; {used} is used.")
            }
            Note::NotUnderstood { key, value, used, allowed } => {
                write!(f, "{key}: '{value}' is not one of {allowed}; {used} is used.")
            }
            Note::HelpersLost => f.write_str(
                "A worker could not be started, or ended: training goes on with one worker, slower, from where it was.",
            ),
            Note::UnknownKey { key } => write!(f, "There is no setting '{key}'; it is ignored."),
            Note::NewerVersion { version } => {
                write!(f, "The link is of version {version}, newer than this page; what is unknown is ignored.")
            }
        }
    }
}
