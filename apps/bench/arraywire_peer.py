try:
    import arraywire
except ImportError as error:
    absent(error)


def context_of(link):
    return link.common("context", lambda: arraywire.Context(runtime_directory=link.directory))


class Sender:
    address = ""
    daemons = ()

    def __init__(self, link):
        self.link = link
        self.context = context_of(link)
        self.publisher = arraywire.Publisher(link.channel, self.context, block_limit=None)
        self.loan = None

    def wait_for_receivers(self):
        self.publisher.wait_for_subscribers(self.link.receivers)

    def room(self):
        self.loan = self.publisher.loan(self.link.words, numpy.uint64)
        return self.loan.array

    def send(self):
        published = self.publisher.publish(self.loan)
        if (published.receivers, published.missed, published.copies) != (self.link.receivers, 0, 0):
            raise RuntimeError(str(published))


class Receiver:
    def __init__(self, link):
        self.context = context_of(link)
        self.subscriber = arraywire.Subscriber(link.channel, self.context, when_full="block", queue=2, hold=1,
                                               lane="shared-memory", name="bench")
        self.sample = None

    def receive(self):
        self.sample = self.subscriber.take()
        if self.sample.missed_before:
            raise RuntimeError(f"missed {self.sample.missed_before} messages")
        return self.sample.array

    def release(self):
        self.sample.release()
        self.sample = None


run_peer(Sender, Receiver)
