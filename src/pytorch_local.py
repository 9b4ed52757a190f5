class Local(nn.Module):
    """A convolution with its own weights at each position of its output."""

    def __init__(self, height, width, inputs, outputs, kernel_size, stride, padding):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(height, width, outputs, inputs, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(height, width, outputs))
        self.window = {"kernel_size": kernel_size, "stride": stride, "padding": padding}

    def forward(self, x):
        patches = F.unfold(x, **self.window)  # (batch, inputs * kernel_size^2, positions)
        height, width, outputs = self.bias.shape
        y = torch.einsum("bkp,pok->bop", patches, self.weight.reshape(height * width, outputs, -1))
        return y.unflatten(2, (height, width)) + self.bias.permute(2, 0, 1)


