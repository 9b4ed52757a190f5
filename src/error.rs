//! Every error a user can meet: a sentence in English here, a `code` with its values for the page's two languages.
//!
//! The page looks up `errors.<code>` in `www/i18n/*.json` and fills in the fields by name. A test checks that both languages have
//! every code.

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
    #[error("{file}: the header at byte {byte} gives {field} = {found}; the lab reads {least} to {most}.")]
    IdxHeader { file: String, byte: u64, field: String, found: u64, least: u64, most: u64 },
    #[error("{file}: {announced} bytes are announced, header included, but the file ends at byte {found}. Download it again.")]
    IdxTruncated { file: String, announced: u64, found: u64 },
    #[error(
        "{file}: {announced} bytes are announced, header included, but there are {found}; the first one too many is at byte {announced}. Download it again."
    )]
    IdxOversized { file: String, announced: u64, found: u64 },
    #[error("{file}: the label at byte {byte} is {label}, but the data set has the labels {least} to {most}.")]
    IdxLabel { file: String, byte: u64, label: u32, least: u32, most: u32 },
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
    #[error(
        "{file}: the file could not be read. It may have been moved or changed, or may not be opened by this program. Choose it again."
    )]
    Unreadable { file: String },
    #[error("{file}: the archive holds no images that the lab knows. Give cifar-10-binary.tar.gz as it was downloaded.")]
    ArchiveWithoutData { file: String },
    #[error(
        "{file}: not a file that the lab knows. It reads CIFAR-10 (data_batch_*.bin, test_batch.bin, cifar-10-binary.tar.gz) and MNIST, Fashion-MNIST, QMNIST or EMNIST (IDX, .gz too)."
    )]
    UnknownFile { file: String },
    #[error(
        "There is no file with images: the folder is empty, or holds only hidden files. Give a folder with the files of a data set."
    )]
    NoFiles,
    #[error(
        "{file}: this is a picture. The lab reads data sets, not pictures. Write yours as CIFAR-10's binary version does: for each image one byte for the class, 0 to 9, then 1024 bytes of red, of green and of blue, 32 rows of 32."
    )]
    Picture { file: String },
    #[error(
        "{file}: these are pictures in folders, perhaps one folder for each class. The lab does not read pictures. Write yours to one file as CIFAR-10's binary version does: for each image one byte for the class, 0 to 9, then 1024 bytes of red, of green and of blue, 32 rows of 32."
    )]
    PictureFolders { file: String },
    #[error("{file}: this is CIFAR-100, with two labels an image. The lab reads CIFAR-10: give cifar-10-binary.tar.gz.")]
    Cifar100 { file: String },
    #[error(
        "{file}: this is a pickle of Python or PyTorch, which could hold a program too; the lab does not open it. Give the binary version: cifar-10-binary.tar.gz for CIFAR-10, the IDX files for MNIST."
    )]
    Pickle { file: String },
    #[error(
        "{file}: these are arrays of NumPy (.npy, .npz), which the lab does not read. Give the IDX files for MNIST and its kin, or write the images as CIFAR-10's binary version does."
    )]
    Numpy { file: String },
    #[error(
        "{file}: this is a MATLAB file, as SVHN, EMNIST and CIFAR-10 are offered in too; the lab does not read it. Give EMNIST as IDX files (gzip.zip, unpacked) and CIFAR-10 as cifar-10-binary.tar.gz; SVHN has to be written as CIFAR-10's binary version is."
    )]
    Matlab { file: String },
    #[error(
        "{file}: this is STL-10, whose images have 96 x 96 pixels; the lab reads images of at most 32 x 32. Give CIFAR-10 (cifar-10-binary.tar.gz), which has nearly the same classes."
    )]
    Stl10 { file: String },
    #[error(
        "{file}: this is a Parquet file, as Hugging Face keeps data sets; the lab does not read it. Give the files of the set's authors: cifar-10-binary.tar.gz, or the IDX files of MNIST."
    )]
    Parquet { file: String },
    #[error(
        "{file}: this is an HDF5 file, which the lab does not read. Give cifar-10-binary.tar.gz for CIFAR-10, or the IDX files for MNIST and its kin."
    )]
    Hdf5 { file: String },
    #[error(
        "{file}: this is a table of text (CSV), which the lab does not read. Give cifar-10-binary.tar.gz for CIFAR-10, or the IDX files for MNIST and its kin."
    )]
    Table { file: String },
    #[error("{file}: this is packed as {format}, which the lab does not unpack. Unpack it, and give the files in it.")]
    Packed { file: String, format: String },
    #[error(
        "{file}: this is a web page under the name of a file: the server sent no data. Download the file again, from another place if need be."
    )]
    WebPage { file: String },
    #[error("{file}: this only points to a file in Git LFS. Fetch it with `git lfs pull`, and give it again.")]
    LfsPointer { file: String },
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
    #[error("All training images are test images too, so that none is left to train on. Add other training files.")]
    SameImages,
    #[error("Only {found} image was given, copies not counted, but training and testing need one each. Add more images.")]
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
    #[error(
        "{file}: {tensor}{index} is {value}, but weights and momentum must be finite, and variances not negative: the run has diverged. Go on from earlier weights, or restart with a smaller learning rate."
    )]
    WeightsValue { file: String, tensor: String, index: String, value: String },

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

/// Something that was corrected rather than refused; the page and the program show it as a note.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Note {
    /// The value was outside the range; the nearest allowed one is used.
    Clamped { key: String, value: String, used: String, allowed: String },
    /// The value was not understood; the default is used.
    NotUnderstood { key: String, value: String, used: String, allowed: String },
    /// The key is unknown; it is ignored.
    UnknownKey { key: String },
    /// The link was made by a newer version; unknown keys are ignored.
    NewerVersion { version: String },
    /// A worker could not be started, or has ended; from now on one worker does everything.
    HelpersLost,
    /// More training images were given than are used.
    FewerTraining { found: u64, used: u64 },
    /// More test images were given than are used.
    FewerTest { found: u64, used: u64 },
    /// The images were stored column by column.
    Transposed,
    /// The images were sorted by class.
    Sorted,
    /// Training images that are not used because they are test images too.
    Copies { count: u64 },
    /// Files of an unsupported kind beside the data: the first few names, and how many there are.
    PassedOver { files: String, count: u64 },
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
            Note::FewerTraining { found, used } => {
                write!(
                    f,
                    "The files hold {found} training images; {used} of them, spread evenly, are used, the most that the lab takes."
                )
            }
            Note::FewerTest { found, used } => {
                write!(
                    f,
                    "The files hold {found} test images; {used} of them, spread evenly, are used, the most that the lab takes."
                )
            }
            Note::Transposed => f.write_str("EMNIST stores its images on their side, mirrored; they are turned upright."),
            Note::Sorted => f.write_str(
                "The images come class by class; they are taken from the classes in turn, so that each part has all of them.",
            ),
            Note::Copies { count } => write!(f, "Training images that are test images too: {count}. They are not trained on."),
            Note::PassedOver { files, count } => {
                write!(f, "Files that the lab does not read: {count} ({files}). They are passed over.")
            }
            Note::UnknownKey { key } => write!(f, "There is no setting '{key}'; it is ignored."),
            Note::NewerVersion { version } => {
                write!(f, "The link is of version {version}, newer than this page; what is unknown is ignored.")
            }
        }
    }
}
