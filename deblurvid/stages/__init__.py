"""The way of a video, one file an arrow.

    bytes -demux-> packets -decode-> frames -unpack-> planes -deblur-> planes -pack-> frames
          -encode-> packets -mux-> bytes

Stages are passive generators over values: they make no threads, and what one yields the next
takes. Packets of streams that are copied travel in the same line, in their order, and every stage
between demux and mux hands them on untouched. `deblurvid.prefetch` puts threads between stages;
PyAV, OpenVINO and PyCUDA let go of the interpreter in every call that takes time.

This is the only package that touches FFmpeg. `ffmpeg` translates its errors, `layouts` knows where
the samples of each pixel format lie, `streams` decides what becomes of every stream, `encoders`
which encoder with which options, `verify` reads the finished file back. `deinterlace` stands
between decode and unpack when it is asked for.
"""
