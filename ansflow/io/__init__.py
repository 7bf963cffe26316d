"""The public interface to frames: one shot, streams, files, arrays, single chunks."""
