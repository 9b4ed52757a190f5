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
        "{file}: {found} bytes are not a whole number of CIFAR-10 records of 3073 bytes. The file ends inside record {record}, at byte {byte}. Use the complete file."
    )]
    CifarTruncated { file: String, found: u64, record: u64, byte: u64 },
    #[error(
        "{file}: {found} bytes are more than the 10,000 records of a CIFAR-10 batch file. The first extra byte is byte {byte}. Use the file as it was downloaded."
    )]
    CifarOversized { file: String, found: u64, byte: u64 },
    #[error(
        "{file}: the label at byte {byte} is {label}, but CIFAR-10 has the labels 0 to 9. Check that this is a CIFAR-10 binary file."
    )]
    CifarLabel { file: String, byte: u64, label: u32 },
    #[error("{file}: the file is empty. Use a file that holds images.")]
    EmptyFile { file: String },
    #[error("{file}: {found} bytes are more than the {limit} that the lab reads. Use a smaller file.")]
    FileTooLarge { file: String, found: u64, limit: u64 },
    #[error(
        "{file}: the magic number at byte 0 is {found}, but an IDX file of {holds} starts with {magic}. Use the file as it was downloaded."
    )]
    IdxMagic { file: String, found: String, holds: String, magic: String },
    #[error(
        "{file}: the header at byte {byte} gives {field} = {found}, but the lab reads {least} to {most}. Use a file within these limits."
    )]
    IdxHeader { file: String, byte: u64, field: String, found: u64, least: u64, most: u64 },
    #[error("{file}: the header announces {announced} bytes in all, but the file ends at byte {found}. Download it again.")]
    IdxTruncated { file: String, announced: u64, found: u64 },
    #[error(
        "{file}: the header announces {announced} bytes in all, but the file has {found}. The first extra byte is byte {announced}. Download it again."
    )]
    IdxOversized { file: String, announced: u64, found: u64 },
    #[error(
        "{file}: the label at byte {byte} is {label}, but this data set has the labels {least} to {most}. Use the label file of this data set."
    )]
    IdxLabel { file: String, byte: u64, label: u32, least: u32, most: u32 },
    #[error("{file} and {other} hold the same part of a data set, but differ. Use only one of them.")]
    DuplicateFile { file: String, other: String },
    #[error("{file} and {other} belong to different data sets. Use the files of one data set at a time.")]
    MixedFiles { file: String, other: String },
    #[error("{image_file} holds {images} images, but {label_file} holds {labels} labels. Use two files that belong together.")]
    CountMismatch { images: u64, image_file: String, labels: u64, label_file: String },
    #[error("{file}: images and labels come in two files, and this is only one of them. Add the file {wanted}.")]
    MissingPartner { file: String, wanted: String },
    #[error("{file}: the file ends at byte {byte}, inside its compressed data. Download it again.")]
    CompressedTruncated { file: String, byte: u64 },
    #[error("{file}: the compressed data is damaged near byte {byte}. Download the file again.")]
    Compressed { file: String, byte: u64 },
    #[error(
        "{file}: the file could not be read. It may have been moved or changed, or this program may have no permission to open it. Check the file and try again."
    )]
    Unreadable { file: String },
    #[error(
        "{file}: the archive holds no images that the lab can read. Use one with a folder of pictures for each class, or cifar-10-binary.tar.gz as it was downloaded."
    )]
    ArchiveWithoutData { file: String },
    #[error(
        "{file}: the lab does not know this kind of file. It reads a folder of pictures for each class, CIFAR-10 (data_batch_*.bin, test_batch.bin, cifar-10-binary.tar.gz), and MNIST, Fashion-MNIST, QMNIST or EMNIST (IDX, also as .gz)."
    )]
    UnknownFile { file: String },
    #[error(
        "No image files were found: the folder is empty, or holds only hidden files. Use a folder with the files of a data set."
    )]
    NoFiles,
    #[error(
        "{file}: the lab learns to tell classes of pictures apart. Put the pictures of each class into a folder with the name of the class, and use the folder that holds these folders. It needs at least two classes."
    )]
    PictureFolders { file: String },
    #[error(
        "Without copies, each class has a single picture. Training and testing need at least two pictures of a class. Add more pictures."
    )]
    SinglePictures,
    #[error("There are {found} folders with pictures. The lab learns at most {limit} classes. Use fewer folders.")]
    TooManyClasses { found: u64, limit: u64 },
    #[error("The pictures could not be read: {count} ({file}). Use PNG, JPEG, WebP, GIF or BMP.")]
    BrokenPictures { file: String, count: u64 },
    #[error(
        "{file}: {found} bytes are not a whole number of CIFAR-100 records of 3074 bytes. The file ends inside record {record}. Use the complete file."
    )]
    Cifar100Truncated { file: String, found: u64, record: u64 },
    #[error(
        "{file}: this is a Python or PyTorch pickle. Such a file can contain a program, so the lab does not open it. Use the binary version: cifar-10-binary.tar.gz for CIFAR-10, the IDX files for MNIST."
    )]
    Pickle { file: String },
    #[error(
        "{file}: this is a NumPy file (.npy, .npz), which the lab does not read. Use the IDX files for MNIST and similar data sets. Store other images in the binary format of CIFAR-10."
    )]
    Numpy { file: String },
    #[error(
        "{file}: this is a MATLAB file, which the lab does not read. Use the IDX files for EMNIST (unpack gzip.zip) and cifar-10-binary.tar.gz for CIFAR-10. Convert SVHN to the binary format of CIFAR-10."
    )]
    Matlab { file: String },
    #[error(
        "{file}: this is STL-10, with images of 96 x 96 pixels. The lab reads images of at most 32 x 32. Use CIFAR-10 (cifar-10-binary.tar.gz), which has nearly the same classes."
    )]
    Stl10 { file: String },
    #[error(
        "{file}: this is a Parquet file, the format of data sets on Hugging Face. The lab does not read it. Use the files that the authors published: cifar-10-binary.tar.gz, or the IDX files of MNIST."
    )]
    Parquet { file: String },
    #[error(
        "{file}: this is an HDF5 file, which the lab does not read. Use cifar-10-binary.tar.gz for CIFAR-10, or the IDX files for MNIST and similar data sets."
    )]
    Hdf5 { file: String },
    #[error(
        "{file}: this is a text table (CSV), which the lab does not read. Use cifar-10-binary.tar.gz for CIFAR-10, or the IDX files for MNIST and similar data sets."
    )]
    Table { file: String },
    #[error("{file}: this file is compressed as {format}, which the lab does not unpack. Unpack it and use the files inside.")]
    Packed { file: String, format: String },
    #[error(
        "{file}: this is a web page with the name of a data file; the server sent no data. Download the file again, from another source if necessary."
    )]
    WebPage { file: String },
    #[error("{file}: this is only a pointer to a file in Git LFS. Fetch the file with `git lfs pull` and use that.")]
    LfsPointer { file: String },
    #[error(
        "{file}: {found} of {wanted} bytes of the picture sheet arrived, and the checksum does not match. Reload the page. If this keeps happening, the copy on the server is damaged."
    )]
    ShardDamaged { file: String, found: u64, wanted: u64 },
    #[error(
        "{file}: the picture sheet could not be decoded: {why}. Reload the page. If this keeps happening, the copy on the server is damaged."
    )]
    Shard { file: String, why: String },
    #[error("Only test images were given, and no training images. Add the training files.")]
    NoTrainingImages,
    #[error("All training images are also test images, so none is left to train on. Add other training files.")]
    SameImages,
    #[error("Without copies, only {found} image was given. Training and testing need at least one each. Add more images.")]
    TooFewImages { found: u64 },

    // ---- the configuration ------------------------------------------------------------------------------------
    #[error("{key} must not be '{value}'. Allowed: {allowed}.")]
    BadValue { key: String, value: String, allowed: String },
    #[error("There is no setting '{key}'. Check the spelling.")]
    UnknownKey { key: String },

    // ---- weights files ----------------------------------------------------------------------------------------
    #[error("{file}: this is not a safetensors file that the lab can read: {why}. Use a file that the lab has saved.")]
    WeightsFile { file: String, why: String },
    #[error(
        "{file}: the tensor {tensor} has the shape {found}, but this network needs {wanted}. Load the file with the settings it was saved with."
    )]
    WeightsShape { file: String, tensor: String, found: String, wanted: String },
    #[error("{file}: the tensor {tensor} is missing. Load the file with the settings it was saved with.")]
    WeightsMissing { file: String, tensor: String },
    #[error(
        "{file}: {tensor}{index} is {value}, so the run that saved it has diverged. Continue from earlier weights, or restart with a smaller learning rate."
    )]
    WeightsValue { file: String, tensor: String, index: String, value: String },

    // ---- memory -----------------------------------------------------------------------------------------------
    #[error(
        "This network needs {needed} bytes of memory, but a page can use only {limit}. Choose a smaller batch or width, or the scaled architecture."
    )]
    TooMuchMemory { needed: u64, limit: u64 },

    // ---- the GPU ----------------------------------------------------------------------------------------------
    #[error("No graphics adapter responded. Use --backend cpu, or install a Vulkan, Metal or DirectX 12 driver.")]
    NoAdapter,
    #[error("The graphics adapter refused a device: {why}. Use the CPU backend.")]
    NoDevice { why: String },
    #[error(
        "This network needs {needed} bytes in one buffer, but the graphics adapter allows only {limit}. Choose a smaller width or batch, or the CPU backend."
    )]
    TooLarge { needed: u64, limit: u64 },
    #[error("The graphics device was lost: {why}. Training can continue from the last saved state.")]
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
    /// Pictures that could not be decoded: the first few names, and how many there are.
    BrokenPictures { files: String, count: u64 },
    /// Pictures that are equal to others, and not used.
    EqualPictures { count: u64 },
    /// Pictures outside of the classes' folders.
    OutsideFolders { count: u64 },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::Clamped { key, value, used, allowed } => {
                write!(f, "{key}: {value} is outside {allowed}. {used} is used.")
            }
            Note::NotUnderstood { key, value, used, allowed } => {
                write!(f, "{key} must not be '{value}' (allowed: {allowed}). {used} is used.")
            }
            Note::HelpersLost => f.write_str(
                "A worker could not start, or has ended. Training continues with one worker, more slowly.",
            ),
            Note::FewerTraining { found, used } => {
                write!(
                    f,
                    "The files hold {found} training images. The lab uses {used} of them, its maximum, spread evenly."
                )
            }
            Note::FewerTest { found, used } => {
                write!(
                    f,
                    "The files hold {found} test images. The lab uses {used} of them, its maximum, spread evenly."
                )
            }
            Note::Transposed => f.write_str("EMNIST stores its images transposed. The images have been turned upright."),
            Note::Sorted => f.write_str(
                "The files hold the images class by class. The lab takes one from each class after another, so that every part contains all classes.",
            ),
            Note::Copies { count } => write!(f, "Training images that are also test images: {count}. They are not used for training."),
            Note::PassedOver { files, count } => {
                write!(f, "Files that the lab does not read: {count} ({files}). They were skipped.")
            }
            Note::BrokenPictures { files, count } => {
                write!(f, "Pictures that could not be read: {count} ({files}). They were skipped. The lab reads PNG, JPEG, WebP, GIF and BMP.")
            }
            Note::EqualPictures { count } => write!(f, "Copies of other pictures: {count}. Each picture is used once."),
            Note::OutsideFolders { count } => write!(f, "Pictures outside of the folders of the classes: {count}. They were skipped."),
            Note::UnknownKey { key } => write!(f, "There is no setting '{key}'. It is ignored."),
            Note::NewerVersion { version } => {
                write!(f, "The link has version {version}, which is newer than this page. Unknown settings are ignored.")
            }
        }
    }
}
