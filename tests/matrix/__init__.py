"""That a run keeps everything: a matrix of real files, judged by FFmpeg's own programs."""
