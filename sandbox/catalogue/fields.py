"""Fields of administration, as data: what is applied for, where, and how long it may take.

A procedure name is an action on an object, as in the national catalogue. ``offices`` are positions in
``agencies.DEPARTMENTS``; an empty tuple means that every ward and commune handles the field. Field codes imitate
the national form (``G03-GD10``); time limits are plausible ranges, not those of the real procedures.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    code: str
    name: str
    offices: tuple[int, ...]
    days: tuple[int, int]
    fee_share: float
    paper_share: float
    population: bool
    actions: tuple[str, ...]
    objects: tuple[str, ...]


_GRANT = ("Cấp", "Cấp lại", "Gia hạn", "Điều chỉnh")
_REGISTER = ("Đăng ký", "Thay đổi nội dung đăng ký", "Chấm dứt")
_APPRAISE = ("Thẩm định", "Phê duyệt", "Điều chỉnh")

# One field a paragraph: formatted by hand, so that the table can be read as a table.
# fmt: off
PROVINCE_FIELDS = (
    Field("G15-TP01", "Lý lịch tư pháp", (0,), (5, 10), 1.0, 1.0, True, ("Cấp", "Cấp lại"),
          ("Phiếu lý lịch tư pháp cho công dân Việt Nam",
          "Phiếu lý lịch tư pháp theo yêu cầu của cơ quan nhà nước")),
    Field("G15-TP02", "Bổ trợ tư pháp", (0,), (5, 20), 0.7, 1.0, False, _REGISTER,
          ("hoạt động văn phòng công chứng", "hoạt động văn phòng luật sư", "hoạt động trung tâm trọng tài",
          "hành nghề đấu giá tài sản", "hành nghề quản tài viên")),
    Field("G17-XD01", "Hoạt động xây dựng", (1, 35), (7, 20), 0.8, 1.0, False, _GRANT,
          ("giấy phép xây dựng công trình", "chứng chỉ hành nghề xây dựng hạng II",
          "chứng chỉ năng lực hoạt động xây dựng hạng II", "giấy phép di dời công trình")),
    Field("G17-XD02", "Nhà ở và kinh doanh bất động sản", (1,), (10, 30), 0.4, 0.8, False, _APPRAISE,
          ("giá bán nhà ở xã hội", "chủ trương đầu tư dự án nhà ở", "việc thuê nhà ở thuộc sở hữu nhà nước")),
    Field("G17-GT03", "Đường bộ", (36, 39), (2, 5), 0.6, 1.0, True, ("Cấp", "Cấp lại", "Thu hồi"),
          ("giấy phép kinh doanh vận tải bằng xe ô tô", "phù hiệu xe ô tô kinh doanh vận tải",
          "giấy phép lưu hành xe quá khổ, quá tải", "giấy phép liên vận Việt Nam - Lào")),
    Field("G10-NN01", "Bảo vệ thực vật", (28, 30), (3, 15), 0.6, 1.0, False, _GRANT,
          ("giấy chứng nhận đủ điều kiện buôn bán thuốc bảo vệ thực vật",
          "giấy chứng nhận đủ điều kiện buôn bán phân bón", "giấy phép vận chuyển thuốc bảo vệ thực vật")),
    Field("G10-NN02", "Chăn nuôi và thú y", (27, 30), (3, 20), 0.6, 1.0, False, ("Cấp", "Cấp lại"),
          ("chứng chỉ hành nghề thú y", "giấy chứng nhận vệ sinh thú y",
          "giấy chứng nhận kiểm dịch động vật vận chuyển ra khỏi địa bàn",
          "giấy phép chăn nuôi trang trại quy mô lớn")),
    Field("G10-NN03", "Thủy lợi", (29,), (10, 25), 0.2, 0.9, False, _GRANT,
          ("giấy phép hoạt động trong phạm vi bảo vệ công trình thủy lợi",
          "giấy phép xả nước thải vào công trình thủy lợi")),
    Field("G10-NN04", "Lâm nghiệp", (24,), (5, 20), 0.1, 0.9, False, _APPRAISE,
          ("phương án khai thác động vật rừng", "phương án quản lý rừng bền vững",
          "hồ sơ xác nhận nguồn gốc lâm sản")),
    Field("G13-DD01", "Đất đai", (2, 18, 19, 20, 21, 22, 23, 26), (3, 30), 0.9, 1.0, True, ("Đăng ký", "Cấp đổi",
          "Xóa đăng ký", "Đăng ký biến động"), ("quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất",
          "thế chấp quyền sử dụng đất", "chuyển nhượng quyền sử dụng đất", "tách thửa, hợp thửa đất",
          "thừa kế quyền sử dụng đất")),
    Field("G13-MT02", "Môi trường", (2, 25), (10, 30), 0.7, 1.0, False, _GRANT, ("giấy phép môi trường",
          "giấy phép khai thác nước dưới đất", "giấy phép xả thải vào nguồn nước")),
    Field("G05-DK01", "Thành lập và hoạt động của doanh nghiệp", (3, 38), (2, 3), 0.9, 1.0, True,
          ("Đăng ký thành lập", "Đăng ký thay đổi nội dung", "Giải thể", "Tạm ngừng kinh doanh"),
          ("công ty TNHH một thành viên", "công ty TNHH hai thành viên trở lên", "công ty cổ phần",
          "doanh nghiệp tư nhân", "chi nhánh, văn phòng đại diện")),
    Field("G05-DT02", "Đầu tư tại Việt Nam", (3, 17), (5, 25), 0.1, 1.0, False, ("Cấp", "Điều chỉnh", "Gia hạn"),
          ("giấy chứng nhận đăng ký đầu tư", "văn bản chấp thuận nhà đầu tư",
          "thời hạn hoạt động của dự án đầu tư")),
    Field("G09-LD01", "Việc làm và lao động", (4, 17, 37), (5, 15), 0.4, 0.9, True, _GRANT,
          ("giấy phép lao động cho người nước ngoài", "giấy phép hoạt động dịch vụ việc làm",
          "giấy xác nhận không thuộc diện cấp giấy phép lao động")),
    Field("G09-TN02", "Bảo hiểm thất nghiệp", (37,), (3, 20), 0.0, 1.0, True, ("Giải quyết hưởng",
          "Chuyển nơi hưởng"), ("trợ cấp thất nghiệp", "hỗ trợ học nghề")),
    Field("G18-YT01", "Khám bệnh, chữa bệnh", (5,), (10, 30), 0.8, 1.0, False, _GRANT,
          ("giấy phép hành nghề khám bệnh, chữa bệnh", "giấy phép hoạt động cơ sở khám bệnh, chữa bệnh",
          "phạm vi hoạt động chuyên môn của cơ sở")),
    Field("G18-YT02", "Dược phẩm", (5,), (5, 20), 0.9, 1.0, False, ("Cấp", "Cấp lại", "Điều chỉnh"),
          ("chứng chỉ hành nghề dược", "giấy chứng nhận đủ điều kiện kinh doanh dược",
          "giấy chứng nhận thực hành tốt cơ sở bán lẻ thuốc")),
    Field("G18-YT03", "An toàn thực phẩm và dân số", (31, 32), (3, 15), 0.7, 1.0, False, ("Cấp", "Cấp lại"),
          ("giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm", "giấy xác nhận nội dung quảng cáo thực phẩm",
          "giấy tiếp nhận bản công bố sản phẩm")),
    Field("G03-GD10", "Giáo dục và đào tạo", (6,), (3, 20), 0.1, 0.9, True, ("Cho phép", "Đình chỉ", "Công nhận"),
          ("trường trung học phổ thông hoạt động giáo dục", "trung tâm ngoại ngữ, tin học hoạt động giáo dục",
          "tổ chức dịch vụ tư vấn du học", "trường đạt chuẩn quốc gia")),
    Field("G02-CT01", "Xúc tiến thương mại", (7,), (1, 7), 0.0, 0.6, False, ("Thông báo", "Đăng ký",
          "Sửa đổi, bổ sung"), ("hoạt động khuyến mại", "chương trình khuyến mại mang tính may rủi",
          "tổ chức hội chợ, triển lãm thương mại")),
    Field("G02-CT02", "Lưu thông hàng hóa", (7, 33), (7, 15), 0.9, 1.0, False, ("Cấp", "Cấp lại", "Cấp sửa đổi"),
          ("giấy phép bán buôn rượu", "giấy phép bán buôn sản phẩm thuốc lá",
          "giấy chứng nhận cửa hàng đủ điều kiện bán lẻ xăng dầu")),
    Field("G16-VH01", "Văn hóa, thể thao", (8,), (5, 15), 0.5, 1.0, False, ("Cấp", "Cấp lại", "Thu hồi"),
          ("giấy phép tổ chức biểu diễn nghệ thuật", "giấy phép triển lãm mỹ thuật",
          "giấy chứng nhận đủ điều kiện kinh doanh hoạt động thể thao")),
    Field("G16-DL02", "Du lịch", (10,), (5, 15), 0.9, 1.0, False, ("Cấp", "Cấp đổi", "Cấp lại"),
          ("thẻ hướng dẫn viên du lịch nội địa", "thẻ hướng dẫn viên du lịch quốc tế",
          "giấy phép kinh doanh dịch vụ lữ hành nội địa")),
    Field("G06-KH01", "Khoa học, công nghệ và đo lường", (9, 34), (5, 20), 0.4, 1.0, False, ("Cấp", "Cấp lại",
          "Gia hạn"), ("giấy phép tiến hành công việc bức xạ", "giấy chứng nhận doanh nghiệp khoa học và công nghệ",
          "giấy đăng ký công bố hợp quy")),
    Field("G01-NG01", "Công tác lãnh sự", (11,), (1, 5), 0.8, 1.0, True, ("Cấp", "Chứng nhận"),
          ("lãnh sự giấy tờ, tài liệu", "thẻ đi lại doanh nhân APEC")),
    Field("G17-QH04", "Quy hoạch xây dựng, kiến trúc", (12,), (10, 30), 0.6, 1.0, False, ("Cấp", "Thẩm định"),
          ("chứng chỉ hành nghề kiến trúc", "giấy phép quy hoạch xây dựng", "nhiệm vụ quy hoạch chi tiết")),
    Field("G04-TG01", "Tín ngưỡng, tôn giáo", (13,), (10, 30), 0.0, 0.8, False, ("Đăng ký", "Chấp thuận"),
          ("sửa chữa, cải tạo cơ sở tôn giáo", "hoạt động tôn giáo tập trung", "thay đổi trụ sở tổ chức tôn giáo")),
    Field("G22-VP01", "Khiếu nại, tố cáo và hành chính công", (14, 15, 16), (1, 30), 0.0, 0.5, False,
          ("Tiếp nhận và xử lý", "Trả lời"), ("đơn khiếu nại lần đầu", "đơn phản ánh, kiến nghị của công dân")),
)

COMMUNE_FIELDS = (
    Field("G15-HT01", "Hộ tịch", (), (1, 5), 0.3, 1.0, True, ("Đăng ký", "Đăng ký lại", "Đăng ký lưu động"),
          ("khai sinh", "kết hôn", "khai tử", "nhận cha, mẹ, con", "giám hộ")),
    Field("G15-HT02", "Xác nhận hộ tịch", (), (1, 3), 0.9, 1.0, True, ("Cấp", "Ghi vào sổ", "Bổ sung"),
          ("bản sao trích lục hộ tịch", "giấy xác nhận tình trạng hôn nhân", "thông tin hộ tịch")),
    Field("G15-CC03", "Chứng thực", (), (1, 2), 0.9, 0.9, False, ("Chứng thực",), ("bản sao từ bản chính giấy tờ",
          "chữ ký trong giấy tờ, văn bản", "hợp đồng, giao dịch liên quan đến động sản", "di chúc",
          "văn bản thỏa thuận phân chia di sản", "văn bản từ chối nhận di sản")),
    Field("G13-DD05", "Đất đai cấp xã", (), (5, 30), 0.6, 1.0, True, ("Cấp", "Đính chính",
          "Hòa giải tranh chấp về"), ("giấy chứng nhận quyền sử dụng đất lần đầu",
          "quyền sử dụng đất của hộ gia đình", "mục đích sử dụng đất")),
    Field("G18-BT01", "Bảo trợ xã hội", (), (3, 15), 0.0, 0.9, True, ("Thực hiện", "Điều chỉnh", "Thôi hưởng"),
          ("trợ cấp xã hội hằng tháng", "hỗ trợ chi phí mai táng", "hỗ trợ hộ nghèo, hộ cận nghèo",
          "xác định mức độ khuyết tật", "trợ cấp hưu trí xã hội")),
    Field("G04-NC01", "Người có công", (), (5, 24), 0.0, 0.9, True, ("Giải quyết", "Điều chỉnh", "Di chuyển hồ sơ"),
          ("chế độ trợ cấp thờ cúng liệt sĩ", "chế độ đối với thân nhân liệt sĩ", "chế độ đối với thương binh")),
    Field("G05-HK03", "Thành lập và hoạt động của hộ kinh doanh", (), (1, 3), 0.9, 1.0, True, ("Đăng ký thành lập",
          "Đăng ký thay đổi nội dung", "Tạm ngừng", "Chấm dứt hoạt động"), ("hộ kinh doanh", "tổ hợp tác",
          "hợp tác xã")),
    Field("G17-XD05", "Xây dựng cấp xã", (), (10, 20), 0.9, 1.0, False, ("Cấp", "Gia hạn", "Điều chỉnh", "Cấp lại"),
          ("giấy phép xây dựng nhà ở riêng lẻ", "giấy phép sửa chữa, cải tạo nhà ở", "số nhà")),
    Field("G03-GD11", "Giáo dục mầm non và tiểu học", (), (3, 20), 0.0, 0.9, True, ("Cho phép", "Sáp nhập",
          "Giải thể"), ("nhóm trẻ, lớp mẫu giáo độc lập", "cơ sở giáo dục phổ thông",
          "trường mẫu giáo, trường mầm non")),
    Field("G16-VH03", "Văn hóa cơ sở", (), (3, 10), 0.1, 0.8, False, ("Công nhận", "Thông báo", "Đăng ký"),
          ("gia đình văn hóa", "tổ chức lễ hội cấp xã", "hoạt động thư viện cộng đồng")),
    Field("G02-CT05", "Lưu thông hàng hóa cấp xã", (), (5, 10), 0.9, 1.0, False, ("Cấp", "Cấp lại", "Cấp sửa đổi"),
          ("giấy phép bán lẻ rượu", "giấy phép bán lẻ sản phẩm thuốc lá", "giấy phép sản xuất rượu thủ công")),
    Field("G10-NN06", "Nông nghiệp cấp xã", (), (3, 15), 0.0, 0.8, False, ("Xác nhận", "Hỗ trợ", "Đăng ký"),
          ("kê khai hoạt động chăn nuôi", "khôi phục sản xuất sau thiên tai", "chuyển đổi cơ cấu cây trồng")),
    Field("G13-MT06", "Môi trường cấp xã", (), (5, 15), 0.3, 0.9, False, ("Đăng ký", "Tham vấn", "Xác nhận"),
          ("môi trường của cơ sở sản xuất nhỏ", "ý kiến trong đánh giá tác động môi trường",
          "khai thác nước mặt quy mô nhỏ")),
    Field("G18-CT02", "Trẻ em và bình đẳng giới", (), (1, 10), 0.0, 0.7, True, ("Áp dụng", "Chấm dứt", "Thông báo"),
          ("biện pháp can thiệp khẩn cấp cho trẻ em", "việc chăm sóc thay thế cho trẻ em")),
)
# fmt: on
