"""A sampler and a trainer that agree on log-probabilities to the bit.

Reinforcement learning on a language model weighs each sampled token by exp(log p of the trainer - log p of the
sampler). Both have the same weights, so this ratio should be 1; but a sampler computes one token of a few sequences at
a time, a trainer all tokens of many, with the classes elsewhere in memory, and usual softmaxes round differently there.
Logits are the same in both here: what is left is the softmax."""

import torch

import smx.torch

WORDS, SEQUENCES, LENGTH = 5000, 12, 20


def sample(logits, log_softmax):
    """Token by token: of each sequence, what was drawn, and its log-probability then."""
    generator = torch.Generator().manual_seed(1)
    tokens, log_p = torch.empty(SEQUENCES, LENGTH, dtype=torch.long), torch.empty(SEQUENCES, LENGTH)
    for t in range(LENGTH):
        for few in torch.arange(SEQUENCES).split([1, 4, 7]):
            now = log_softmax(logits[few, t], -1)
            tokens[few, t] = torch.multinomial(now.exp(), 1, generator=generator)[:, 0]
            log_p[few, t] = now.gather(1, tokens[few, t, None])[:, 0]
    return tokens, log_p


def train(logits, tokens, cross_entropy):
    """All at once, by the loss, in the shape that it wants: classes second."""
    return -cross_entropy(logits.transpose(1, 2).contiguous(), tokens, reduction="none")


def main():
    logits = 4 * torch.randn(SEQUENCES, LENGTH, WORDS, generator=torch.Generator().manual_seed(0))
    differ = {}
    for name, functions in (("smx", smx.torch), ("torch", torch.nn.functional)):
        tokens, sampled = sample(logits, functions.log_softmax)
        trained = train(logits, tokens, functions.cross_entropy)
        ratio = (trained - sampled).exp()
        differ[name] = int((sampled != trained).sum())
        print(
            f"{name:6} log-probabilities that differ: {differ[name]:3} of {tokens.numel()}, "
            f"ratios from {ratio.min():.7f} to {ratio.max():.7f}"
        )
    return differ


if __name__ == "__main__":
    main()
