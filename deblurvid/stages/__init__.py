"""The way of a video, one file an arrow.

    bytes -demux-> packets -decode-> frames -unpack-> planes -deblur-> planes -pack-> frames
          -encode-> packets -mux-> bytes

Stages are passive generators over values: they make no threads, and what one yields the next
takes. Packets of streams that are copied travel in the same line, in their order, and every stage
between demux and mux hands them on untouched. `deblurvid.prefetch` puts threads between stages;
PyAV, OpenVINO and PyCUDA let go of the interpreter in every call that takes time.

This is the only package that touches FFmpeg. `ffmpeg` translates its errors, `layouts` knows where
the samples of each pixel format lie.

On the way in, `source` opens a file, a pipe (`pipes`) or images (`images`) alike, `timeline` and
`clock` mend times, and `deinterlace` stands between decode and unpack when it is asked for. On the
way out, `streams` decides what becomes of every stream, `convert` converts those that the target
cannot hold, `encoding` chooses the encoder, `reformat` stands between pack and encode where images
hold other samples, `landing` is where bytes come to lie (in `parts`, until they are complete), and
`check` reads them back by `verify`. To compare, `clip` finds the frames of two videos that are seen at
one time, `filters` turn and cut them, `compose` makes one of two, and `player` a video for browsers.
With `--resumable` packets rest in `segments` of a `journal`
between encode and mux, and `resume` reads the source on.
"""
