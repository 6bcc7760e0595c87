"""The edgeecg wire protocol: frames between a wearable and its host. See SPEC.md; standard library only."""
