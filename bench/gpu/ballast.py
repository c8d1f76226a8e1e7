"""Takes the GPU's free memory but for so many MiB, once a line is written to it, and keeps it until it is ended. Argument: MiB that it leaves."""
import sys
import torch

left = int(sys.argv[1]) * 2**20
torch.zeros(1, device='cuda')
sys.stdin.readline()
free, _ = torch.cuda.mem_get_info()
taken = torch.empty(max(0, free - left), dtype=torch.uint8, device='cuda')
print(f'ballast: takes {taken.numel() // 2**20} MiB', flush=True)
sys.stdin.read()
