"""Lines of the night sky and of calibration lamps, and which of them stand alone at a given dispersion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["ARC_LINES", "SKY_LINES", "LineList", "isolated"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LineList:
    """Emission lines in order of wavelength.

    Attributes
    ----------
    wavelength : ndarray of float64, shape (n,)
        In vacuum [Angstrom].
    strength : ndarray of float64, shape (n,)
        Counts of the line relative to the strongest one of its list; good to a factor of two, since lamps and sky
        differ from one to the next.
    species : ndarray of str, shape (n,)
        ``"OH"``, ``"HgI"``, ...
    """

    wavelength: FloatArray
    strength: FloatArray
    species: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return int(self.wavelength.size)

    def within(self, low: float, high: float) -> LineList:
        """Return the lines with ``low <= wavelength <= high`` [Angstrom]."""
        return self._selected((self.wavelength >= low) & (self.wavelength <= high))

    def of(self, *species: str) -> LineList:
        """Return the lines of these species."""
        return self._selected(np.isin(self.species, species))

    def stronger_than(self, strength: float) -> LineList:
        """Return the lines of at least this relative strength."""
        return self._selected(self.strength >= strength)

    def _selected(self, keep: npt.NDArray[np.bool_]) -> LineList:
        return LineList(self.wavelength[keep], self.strength[keep], self.species[keep])


def isolated(
    lines: LineList,
    dispersion: float,
    sigma: float,
    *,
    pull: float = 0.02,
    strength: float = 0.0,
) -> LineList:
    """Return the lines that their neighbours do not shift at this dispersion.

    A neighbour at a distance of ``d`` pixels with ``s`` times the strength pulls the position that a matched filter
    (or a Gaussian fit of free height) finds by ``s d exp(-d^2 / (4 sigma^2))`` pixels, to first order. A line is
    isolated where all its neighbours together, each taken as pulling the same way, pull it by less than `pull`: their
    relative strengths are not known well enough to let them cancel.

    Parameters
    ----------
    lines : LineList
        All lines that the exposure shows, the faint ones too: they are the neighbours.
    dispersion : float
        Width of a pixel [Angstrom/px].
    sigma : float
        Gaussian width of a line on the detector [px].
    pull : float
        Largest shift allowed [px].
    strength : float
        Least strength of the lines returned, as a fraction of the strongest one in `lines`.

    Returns
    -------
    LineList
        Possibly empty.

    Raises
    ------
    ValueError
        Where dispersion or width is not positive.
    """
    if not (dispersion > 0 and sigma > 0):
        msg = f"a dispersion of {dispersion} Angstrom/px with lines of sigma {sigma} px makes no sense"
        raise ValueError(msg)
    if not len(lines):
        return lines
    distance = np.abs(lines.wavelength[:, None] - lines.wavelength[None, :]) / dispersion
    ratio = lines.strength[None, :] / lines.strength[:, None]
    shift = np.sum(ratio * distance * np.exp(-(distance**2) / (4.0 * sigma**2)), axis=1)
    # Two lines within a third of sigma are one line to the detector, but of a wavelength between the two.
    merged = np.sum(np.where(distance < sigma / 3.0, ratio * distance, 0.0), axis=1)
    bright = lines.strength >= strength * lines.strength.max()
    return lines._selected((shift + merged < pull) & bright)  # noqa: SLF001


def _parse(text: str) -> LineList:
    """Read ``species:`` headings, each followed by pairs of wavelength and strength."""
    rows: list[tuple[float, float, str]] = []
    for block in text.split("\n\n"):
        species, _, numbers = block.strip().partition(":")
        values = [float(number) for number in numbers.split()]
        rows += [(w, s, species) for w, s in zip(values[::2], values[1::2], strict=True)]
    rows.sort()
    strength = np.array([s for _, s, _ in rows])
    return LineList(
        np.array([w for w, _, _ in rows]), strength / strength.max(), np.array([name for _, _, name in rows])
    )


SKY_LINES: Final = _parse("""
N2+:
  3914.40 0.3

HgI:
  4047.71 1  4359.56 2.5  5462.27 2.5

NI:
  5199.38 4.75  5201.73 2.76

OI:
  5578.90 154.5  6302.05 126  6365.54 41.1  8448.85 0.7

NaI:
  5891.59 11.29  5897.57 6.76

OH:
  5204.43 0.53  5225.60 0.5  5240.21 0.55  5257.55 0.68  5314.72 0.26  5543.78 0.45  5546.13 0.44  5565.55 0.87
  5571.08 0.29  5582.77 0.29  5590.69 0.72  5599.35 0.37  5606.70 0.73  5618.73 0.33  5625.40 0.84  5646.85 0.57
  5867.30 1.37  5869.11 1.35  5869.94 0.45  5874.36 0.42  5889.82 2.24  5896.11 0.7  5908.34 0.59  5916.95 1.83
  5926.37 0.9  5934.51 1.82  5947.58 0.82  5955.07 2.12  5971.94 0.61  5978.74 1.34  5999.43 0.34  6005.58 0.78
  6141.17 0.4  6146.18 0.49  6172.35 1.18  6178.00 0.33  6194.66 0.35  6204.44 0.99  6214.79 0.46  6223.50 0.83
  6236.03 1.42  6237.60 2.74  6238.98 1.07  6241.97 0.5  6243.43 0.63  6245.37 0.94  6258.68 0.42  6259.70 3.57
  6266.96 1.14  6279.83 0.57  6289.18 2.96  6299.65 1.27  6308.68 3.08  6323.16 1.27  6331.61 3.25  6350.30 0.9
  6358.07 2.17  6381.09 0.52  6388.20 1.22  6465.32 0.72  6467.73 1.35  6471.94 0.58  6472.77 1.6  6479.71 0.63
  6500.53 4.28  6506.80 1.01  6524.24 0.96  6534.85 3.28  6545.84 1.38  6555.44 2.67  6570.60 1.16  6579.10 3.03
  6598.47 0.68  6605.96 1.64  6636.07 0.8  6829.35 1.77  6830.37 0.83  6831.48 3.97  6836.21 4.57  6843.85 1.32
  6864.59 0.86  6865.87 8.86  6872.97 1.14  6883.00 1.12  6891.20 1.9  6902.71 2.18  6914.55 2.68  6925.10 4.44
  6941.46 2.56  6950.98 6.32  6971.86 1.61  6980.35 3.63  7005.80 0.68  7013.36 1.91  7050.05 1.07  7240.79 4.2
  7242.19 6.47  7243.32 4.55  7246.94 7.26  7248.55 1.44  7255.14 2.65  7277.12 1.76  7278.43 16.8  7286.46 4.54
  7297.96 2.4  7305.74 3.92  7318.31 13.14  7331.18 5.38  7342.92 11.56  7360.71 5.54  7371.41 13.74  7394.25 3.76
  7403.90 8.2  7431.84 1.9  7440.53 4.56  7468.68 1.27  7473.55 1.54  7475.74 2.41  7481.38 2.42  7482.32 1.09
  7485.54 3.22  7495.73 1.23  7526.08 8.71  7532.79 3.01  7559.58 2.03  7573.84 6.1  7588.18 2.54  7600.47 2.38
  7620.15 2.03  7630.79 2.8  7655.43 1.02  7664.48 2.63  7714.59 13.69  7717.19 2.53  7717.99 2.86  7719.05 10.07
  7720.19 3.65  7725.78 1.67  7728.18 3.41  7751.57 2  7752.79 20.99  7762.15 6.99  7775.52 3.25  7782.58 4.72
  7796.27 15.82  7810.63 6.69  7823.67 14.36  7843.44 6.8  7851.90 1.68  7855.57 19.32  7860.17 1.88  7862.82 7.28
  7869.90 3.26  7872.90 9.07  7880.96 4.76  7883.85 3.55  7891.85 5.25  7914.44 1.69  7915.90 24.48  7923.29 6.28
  7933.50 7.51  7951.40 5.78  7966.84 18.55  7970.35 1.7  7979.20 1.51  7979.86 1.46  7981.97 7.06  7995.53 12.42
  8016.28 5.65  8028.03 15.47  8054.25 3.04  8064.40 7.99  8095.90 0.88  8104.73 3.3  8148.74 0.9  8149.42 0.59
  8280.68 4.89  8283.32 1.72  8283.97 8.34  8288.68 3.62  8290.89 13.72  8298.53 5.9  8301.19 16.82  8313.01 5.99
  8345.33 3.11  8346.91 41.35  8355.17 8.09  8367.03 4.92  8382.22 0.78  8383.05 0.77  8384.71 9.3  8401.48 31.64
  8417.55 13.18  8432.49 22.28  8454.59 10.94  8467.70 26.81  8495.73 6.7  8507.19 15.43  8541.04 5.95  8551.01 5.12
  8599.04 1.08  8599.74 1.13  8761.13 6.58  8762.68 3.11  8763.82 18.38  8768.83 7.16  8770.33 22.79  8778.63 10.28
  8780.75 25  8793.60 9.44  8827.89 4.5  8829.54 59.43  8838.88 13.9  8852.27 7.91  8870.04 14.14  8888.30 43.27
  8905.57 19.49  8922.09 31.45  8945.86 16.69  8960.56 38.61  8990.85 10.37  9003.84 24.05  9040.54 3.6  9052.04 11.41
  9095.07 3.13  9104.90 2.88  9105.68 2.64  9308.56 11.63  9309.94 21.52  9311.62 5.38  9313.32 2.91  9315.80 45.07
  9320.38 3.1  9325.04 10.9  9326.32 33.94  9340.44 12.64  9376.91 6.61  9378.55 89.73  9385.51 2.98  9389.37 9.78
  9404.67 12.54  9422.33 18.42  9425.32 2.07  9442.26 58.16  9461.12 27.09  9479.50 39.95  9505.44 21.75  9521.99 50.75
  9555.17 15.57  9569.98 35.63  9610.34 6.64  9623.30 8.98  9623.98 5.77  9671.36 4.93  9676.90 1.64  9682.63 5.06
  9683.49 4.64  9684.90 7.41  9693.17 4.42  9702.00 17.81  9714.38 9.08  9722.50 26.96  9737.70 3.81  9740.77 9.63
  9747.91 3.04  9748.98 2.88  9792.09 8.38  9793.80 60.51  9802.40 21.41  9814.29 3.83  9815.06 3.73  9819.31 2.09
  9820.61 2.5  9851.19 16.22  9874.85 50.26

O2:
  8620.74 1.38  8623.72 1.97  8625.27 1.69  8626.91 2.46  8628.44 2.15  8630.29 2.99  8631.80 2.53  8633.86 3.05
  8635.35 2.41  8637.63 2.57  8639.09 1.85  8641.62 1.11  8649.27 1.25  8652.09 1.62  8652.76 0.83  8653.67 4.7
  8656.74 4.98  8658.24 6.3  8661.52 5.68  8663.02 6.57  8666.51 5.1  8667.97 6.04  8671.66 4.76  8673.11 5.27
  8677.01 3.5  8678.45 3.74  8682.56 2.49  8683.97 2.5  8688.28 1.51  8689.69 1.69  8694.20 0.83  8695.60 0.94
""")
"""Lines of the night sky, 3900 to 9880 Angstrom, for a quiet night at a dark site.

Wavelengths and fluxes of OH, O2, atomic oxygen, nitrogen and sodium from the UVES atlas of night-sky emission
(Hanuschik 2003, A&A 407, 1157), turned from air into vacuum (Morton 2000, ApJS 130, 403); pairs closer than 0.6
Angstrom (lambda doubling) are given as one line at their mean. The mercury lines are those of street lamps, faint;
N2+ at 3914 is seen in twilight and aurora. Strengths are relative to [O I] 5578.9.
"""

ARC_LINES: Final = _parse("""
HgI:
  3651.198 0.6  3655.883 0.2  3663.922 0.03  3664.327 0.16  4047.708 0.6  4078.988 0.06  4348.716 0.03
  4359.56 1  4917.441 0.03  5462.268 0.75  5771.21 0.2  5792.276 0.24

CdI:
  3611.5375 0.3  3613.9034 0.05  4679.4587 0.25  4801.254 0.5  5087.2393 0.65  6326.915 0.03  6440.249 0.7

NeI:
  5332.2603 0.03  5342.5794 0.03  5402.0631 0.04  5854.1101 0.35  5874.4552 0.05  5883.5252 0.15  5946.481 0.2
  5967.1235 0.03  5976.2824 0.04  5977.1895 0.05  6031.6666 0.08  6076.0193 0.2  6097.8506 0.33  6130.146 0.02
  6144.7629 0.6  6165.2994 0.18  6219.0013 0.2  6268.2285 0.38  6306.5329 0.15  6336.1791 0.5  6384.756 0.7
  6404.018 1  6508.3255 0.75  6534.6872 0.38  6600.7754 0.38  6680.1205 0.65  6718.8974 0.45  6931.3787 0.8
  7034.352 0.95  7175.9154 0.18  7247.1631 0.75  7440.9469 0.5  7490.9335 0.1  7537.8488 0.12  7945.3654 0.08
  8084.6801 0.03  8120.7816 0.02  8138.6432 0.12  8261.65 0.06  8268.3492 0.06  8302.6062 0.3  8379.9093 0.5
  8420.74 0.12  8497.6932 0.35  8593.6184 0.3  8637.019 0.2  8649.4164 0.02  8656.7599 0.15  8786.166 0.35
  8856.2982 0.2  8868.1897 0.05  8921.9496 0.08  8991.0317 0.03  9151.1829 0.18  9204.2841 0.15  9222.5905 0.08
  9303.405 0.08  9329.0664 0.12  9427.9655 0.15  9461.8047 0.05  9489.2844 0.1  9536.7793 0.12  9550.0239 0.06
  9668.0709 0.2

ArI:
  6754.6981 0.03  6967.352 0.2  7069.167 0.09  7149.012 0.02  7274.94 0.09  7386.014 0.25  7505.935 0.4
  7516.721 0.35  7637.208 0.8  7725.887 0.25  7726.333 0.35  7893.246 0.01  7950.362 0.45  8008.359 0.4
  8016.99 0.5  8105.921 0.8  8117.542 1  8266.794 0.5  8410.521 0.7  8426.963 0.8  8523.783 0.5
  8670.325 0.1  9125.471 0.9  9197.161 0.08  9227.03 0.6  9356.787 0.08  9660.435 0.6  9787.186 0.2

KrI:
  4275.1722 0.05  4320.7943 0.03  4377.3512 0.03  4455.1677 0.03  4464.9427 0.04  4503.6172 0.03  5563.7697 0.05
  5571.8362 0.3  5872.5432 0.4  7589.5025 0.4  7603.6384 0.9  7687.3617 0.4  7696.6579 0.45  7856.9844 0.35
  8061.7211 0.4  8106.5945 0.7  8192.3082 0.6  8265.5141 0.45  8283.3285 0.2  8300.3907 0.7  8511.2106 0.45
  8779.1607 0.8  8931.1447 0.4  9754.4352 0.3

XeI:
  4502.241 0.03  4525.9493 0.03  4625.5712 0.05  4672.5337 0.08  4698.3353 0.02  4735.4753 0.04  4808.3596 0.03
  4831.0597 0.03  4844.6393 0.02  4917.8797 0.03  4924.5255 0.03  8233.8964 0.9  8282.3921 0.6  8349.1157 0.15
  8411.5002 0.25  8821.8324 0.6  8864.7535 0.05  8911.176 0.03  8933.282 0.03  8954.7086 0.3  9047.9296 0.15
  9165.1667 0.2  9377.3323 0.03  9515.9888 0.06  9687.98 0.03  9720.83 0.03  9802.384 0.7  9925.919 0.6
""")
"""Lines of mercury, cadmium, neon, argon, krypton and xenon lamps, 3600 to 9930 Angstrom, blended ones included.

Wavelengths are those of the NIST Atomic Spectra Database (vacuum); strengths are rough, for low-pressure lamps that
give lines of a similar height in all arms.
"""
