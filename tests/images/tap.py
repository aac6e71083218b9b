"""Test Anything Protocol, version 12, on stdout."""


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, name, passed, details=""):
        self.count += 1
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)
        if not passed:
            self.failed += 1
            self.note(f"failed: {name}", details)

    def equal(self, name, got, wanted, details=""):
        self.ok(name, got == wanted, f"got    {got!r}\nwanted {wanted!r}\n{details}")

    def note(self, text, details=""):
        for line in [text, *str(details).splitlines()]:
            print(f"# {line}", flush=True)

    def skip_all(self, reason):
        print(f"1..0 # SKIP {reason}", flush=True)

    def finish(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0
