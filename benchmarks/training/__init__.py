"""Live training with PyTorch: networks, recipes, images and the trainer. Nothing else imports torch."""
