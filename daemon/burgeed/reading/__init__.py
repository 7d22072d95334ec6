"""Files in, validated layers out: parsers with positions, run in a process of their own."""
