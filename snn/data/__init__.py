"""Speech and signals: recordings, corpora and their splits, data sets and how they are fetched."""

# What is in this file?
from snn.data.corpora.check import FileCheck, ScanReport, scan

# Which clips train, which test, and what do they sound like?
from snn.data.corpora.clip import Clip, load_clip
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.identity import CorpusIdentity, corpus_identity, read_identity, require_same_data, write_identity
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import Split, which_set
from snn.data.recordings.audio_file import AudioFileError, check_audio, fit_duration, read_audio, resample
from snn.data.recordings.recording_error import RecordingError

# Which data sets are there, and how do they get here?
from snn.data.sets.download import prepare, tree_sha256
from snn.data.sets.manifest import Manifest, load_manifests
from snn.data.signals.signal import Signal
from snn.data.signals.signal_file import read_signal

__all__ = [
    "AudioFileError",
    "Clip",
    "Corpus",
    "CorpusIdentity",
    "FileCheck",
    "Manifest",
    "RecordingError",
    "ScanReport",
    "Signal",
    "Split",
    "check_audio",
    "corpus_identity",
    "fit_duration",
    "load_clip",
    "load_manifests",
    "open_corpus",
    "prepare",
    "read_audio",
    "read_identity",
    "read_signal",
    "require_same_data",
    "resample",
    "scan",
    "tree_sha256",
    "which_set",
    "write_identity",
]
