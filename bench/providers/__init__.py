"""What only the comparison of OpenFeature providers needs: the providers, their weight, their memory."""
